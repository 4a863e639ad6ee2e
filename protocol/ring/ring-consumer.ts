// The reading end of a ring. It hands out frames in place and moves the tail behind each, so that progress shows to a stall watch.
// When to drain and when to sleep is the duplex's business.
import type { OnFrame } from './frame-duplex.ts'
import {
  ASLEEP,
  AWAKE,
  HEAD,
  LARGE,
  LARGE_TAIL,
  ringSpace,
  SPACE_WANTED,
  STATE,
  TAIL,
  WRAP,
  type RingMemory,
} from './memory.ts'

/** `more`: the budget is used up. `waiting`: the next frame is a large one whose bytes are still under way. */
export type DrainOutcome = 'empty' | 'more' | 'waiting'

/** How many frames pass between two looks at the clock. */
const FRAMES_PER_CLOCK = 8

export class RingConsumer {
  readonly #ring: RingMemory
  readonly #ringSpaceBell: () => void
  readonly #size: number
  #tail: number
  #largeTail: number
  readonly #arrived: ArrayBuffer[] = []

  /** `ringSpaceBell` tells the producer, which asked for it, that half of the ring is free. */
  constructor(ring: RingMemory, ringSpaceBell: () => void) {
    this.#ring = ring
    this.#ringSpaceBell = ringSpaceBell
    this.#size = ring.data.length
    this.#tail = Atomics.load(ring.control, TAIL)
    this.#largeTail = Atomics.load(ring.control, LARGE_TAIL)
  }

  /** Takes the bytes of a large frame whose descriptor stands, or will stand, in the ring. */
  receiveLarge(bytes: ArrayBuffer): void {
    this.#arrived.push(bytes)
  }

  /** Hands out frames until there is none, or `maxFrames` or `maxMs` is used up. */
  drain(onFrame: OnFrame, maxFrames: number, maxMs: number): DrainOutcome {
    const { control, data, words } = this.#ring
    const mask = this.#size - 1
    const deadline = performance.now() + maxMs
    let head = Atomics.load(control, HEAD)
    for (let count = 0; ;) {
      if (this.#tail === head) {
        head = Atomics.load(control, HEAD)
        if (this.#tail === head) return 'empty'
      }
      if (count === maxFrames) return 'more'
      const position = this.#tail & mask
      const length = words[position >> 2]!
      if (length === WRAP) {
        this.#tail = (this.#tail + this.#size - position) | 0
        continue
      }
      if (length === LARGE) {
        const bytes = this.#arrived.shift()
        if (bytes === undefined) return 'waiting'
        const largeLength = words[(position >> 2) + 1]!
        try {
          onFrame(Buffer.from(bytes), 0, largeLength)
        } finally {
          this.#largeTail = (this.#largeTail + largeLength) | 0
          Atomics.store(control, LARGE_TAIL, this.#largeTail)
          this.#advance(ringSpace(4))
        }
      } else {
        try {
          onFrame(data, position + 4, position + 4 + length)
        } finally {
          this.#advance(ringSpace(length))
        }
      }
      count++
      if (count % FRAMES_PER_CLOCK === 0 && performance.now() > deadline) return 'more'
    }
  }

  /** Declares this side asleep. False, and awake again, when a frame came meanwhile. */
  sleep(): boolean {
    const { control } = this.#ring
    Atomics.store(control, STATE, ASLEEP)
    if (Atomics.load(control, HEAD) === this.#tail) return true
    // The producer may have seen the state in between: then its bell comes and finds nothing to do.
    Atomics.store(control, STATE, AWAKE)
    return false
  }

  /** To be called when awoken by anything but the producer's own bell. */
  stayAwake(): void {
    Atomics.store(this.#ring.control, STATE, AWAKE)
  }

  #advance(space: number): void {
    const { control } = this.#ring
    this.#tail = (this.#tail + space) | 0
    Atomics.store(control, TAIL, this.#tail)
    if (Atomics.load(control, SPACE_WANTED) === 0) return
    const used = (Atomics.load(control, HEAD) - this.#tail) | 0
    if (used > this.#size / 2) return
    if (Atomics.compareExchange(control, SPACE_WANTED, 1, 0) === 1) this.#ringSpaceBell()
  }
}
