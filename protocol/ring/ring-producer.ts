// The writing end of a ring: frames go into shared memory, large ones beside it, and wait here when there is no room.
// It never blocks and loses nothing; who must not let it grow looks at `queuedBytes` and `queuedFrames`.
import { FrameQueue } from './frame-queue.ts'
import type { FrameSink } from './frame-duplex.ts'
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

export interface ProducerBell {
  /** Wakes the consumer. */
  wake(): void
  /** Hands over the bytes of a large frame; in order with earlier ones. */
  sendLarge(bytes: ArrayBuffer): void
}

/** Bytes of large frames under way before further frames wait here. One frame may always be under way. */
const LARGE_WINDOW_BYTES = 16 * 1024 * 1024

/**
 * Frames after which the consumer is woken while `hold` is in force. Measured with 64 calls in flight between two threads:
 * waking for each costs a third more CPU, waking only at the end leaves the second core idle meanwhile.
 */
const FRAMES_PER_WAKE = 16

export class RingProducer implements FrameSink {
  target: Buffer

  readonly #ring: RingMemory
  readonly #bell: ProducerBell
  readonly #size: number
  readonly #maxInline: number
  readonly #queue = new FrameQueue()

  /** All four are modulo 2^32, kept as int32; only differences count. */
  #head: number
  #tail: number
  #largeSent: number
  /** Where the head will stand before the reserved frame: differs from `#head` when the end of the ring is skipped. */
  #frameAt = 0

  #held = false
  #heldFrames = 0
  #isSilent = false
  #watchedTail: number
  #watchedSince: number | undefined

  constructor(ring: RingMemory, bell: ProducerBell) {
    this.#ring = ring
    this.#bell = bell
    this.#size = ring.data.length
    // A quarter: with half of the ring free such a frame always fits, even where it must skip the end.
    this.#maxInline = this.#size / 4 - 4
    this.#head = Atomics.load(ring.control, HEAD)
    this.#tail = Atomics.load(ring.control, TAIL)
    this.#largeSent = Atomics.load(ring.control, LARGE_TAIL)
    this.#watchedTail = this.#tail
    this.target = ring.data
  }

  get queuedFrames(): number {
    return this.#queue.length
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#largeUnderWay() + ((this.#head - Atomics.load(this.#ring.control, TAIL)) | 0)
  }

  /** Bytes that wait because the ring is full. */
  get waitingBytes(): number {
    return this.#queue.bytes
  }

  reserve(maxLength: number): number {
    if (maxLength <= this.#maxInline && this.#queue.length === 0) {
      const at = this.#place(maxLength)
      if (at >= 0) {
        this.target = this.#ring.data
        return at
      }
    }
    // A large frame needs an ArrayBuffer of its own, which the shared pool of `allocUnsafe` would not give.
    this.target = maxLength > this.#maxInline ? Buffer.allocUnsafeSlow(maxLength) : Buffer.allocUnsafe(maxLength)
    return 0
  }

  commit(length: number): void {
    if (this.target === this.#ring.data) {
      this.#ring.words[(this.#frameAt & (this.#size - 1)) >> 2] = length
      this.#publish(ringSpace(length))
      return
    }
    this.#queue.push(this.target.subarray(0, length))
    this.target = this.#ring.data
    this.flush()
  }

  /** Moves waiting frames into the ring as far as they fit, and asks for a bell when some remain. Called on each bell. */
  flush(): void {
    if (this.#queue.length === 0) return
    for (;;) {
      const frame = this.#queue.peek()
      if (frame === undefined) return
      const { length } = frame
      if (this.#send(frame)) {
        this.#queue.shift(length)
        continue
      }
      // Ask first, look again after: the consumer publishes its tail before it looks at the wish.
      Atomics.store(this.#ring.control, SPACE_WANTED, 1)
      if (!this.#send(frame)) return
      Atomics.store(this.#ring.control, SPACE_WANTED, 0)
      this.#queue.shift(length)
    }
  }

  get held(): boolean {
    return this.#held
  }

  /** Frames have been published since `hold`. */
  get owesWake(): boolean {
    return this.#held && this.#heldFrames > 0
  }

  /** Between `hold` and `release` the consumer is woken not for each frame but now and then, `silently`: not at all, and at the end. */
  hold({ silently = false }: { readonly silently?: boolean } = {}): void {
    if (this.#held) return
    this.#held = true
    this.#isSilent = silently
    this.#heldFrames = 0
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    if (this.#heldFrames > 0 && Atomics.load(this.#ring.control, STATE) === ASLEEP) this.#wake()
  }

  unreadSince(now: number): number | undefined {
    const tail = Atomics.load(this.#ring.control, TAIL)
    if (tail === this.#head && this.#queue.length === 0) this.#watchedSince = undefined
    else if (this.#watchedSince === undefined || tail !== this.#watchedTail) this.#watchedSince = now
    this.#watchedTail = tail
    return this.#watchedSince
  }

  /** Forgets what waits. */
  discard(): void {
    this.#queue.clear()
  }

  #send(frame: Buffer): boolean {
    if (frame.length <= this.#maxInline) {
      const at = this.#place(frame.length)
      if (at < 0) return false
      frame.copy(this.#ring.data, at)
      this.#ring.words[(this.#frameAt & (this.#size - 1)) >> 2] = frame.length
      this.#publish(ringSpace(frame.length))
      return true
    }
    const underWay = this.#largeUnderWay()
    if (underWay > 0 && underWay + frame.length > LARGE_WINDOW_BYTES) return false
    if (this.#place(4) < 0) return false
    const word = (this.#frameAt & (this.#size - 1)) >> 2
    this.#ring.words[word] = LARGE
    this.#ring.words[word + 1] = frame.length
    this.#largeSent = (this.#largeSent + frame.length) | 0
    this.#publish(ringSpace(4))
    this.#bell.sendLarge(frame.buffer as ArrayBuffer)
    return true
  }

  /** Finds room for a frame of up to `length` bytes, skipping the end of the ring where needed. Offset of its first byte, or -1. */
  #place(length: number): number {
    const space = ringSpace(length)
    const position = this.#head & (this.#size - 1)
    const toEnd = this.#size - position
    const skip = space <= toEnd ? 0 : toEnd
    if (this.#size - ((this.#head - this.#tail) | 0) < skip + space) {
      this.#tail = Atomics.load(this.#ring.control, TAIL)
      if (this.#size - ((this.#head - this.#tail) | 0) < skip + space) return -1
    }
    if (skip > 0) this.#ring.words[position >> 2] = WRAP
    this.#frameAt = (this.#head + skip) | 0
    return (this.#frameAt & (this.#size - 1)) + 4
  }

  #publish(space: number): void {
    this.#head = (this.#frameAt + space) | 0
    Atomics.store(this.#ring.control, HEAD, this.#head)
    if (this.#held && (++this.#heldFrames % FRAMES_PER_WAKE !== 0 || this.#isSilent)) return
    if (Atomics.load(this.#ring.control, STATE) === ASLEEP) this.#wake()
  }

  #wake(): void {
    if (Atomics.compareExchange(this.#ring.control, STATE, ASLEEP, AWAKE) === ASLEEP) this.#bell.wake()
  }

  #largeUnderWay(): number {
    return (this.#largeSent - Atomics.load(this.#ring.control, LARGE_TAIL)) >>> 0
  }
}
