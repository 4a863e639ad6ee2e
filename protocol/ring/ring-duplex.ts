// One side of a thread's connection: a ring to write, a ring to read, and a message port for bells and large frames.
// It decides when to read and when to sleep. Neither side ever waits for the other: each drains its inbound ring whether or
// not it can write.
import { availableParallelism } from 'node:os'
import type { MessagePort } from 'node:worker_threads'
import { DUPLEX_LIMITS, type DuplexLimits, type FrameDuplex, type OnFrame } from './frame-duplex.ts'
import { ringOf } from './memory.ts'
import { RingConsumer } from './ring-consumer.ts'
import { RingProducer } from './ring-producer.ts'

/** The part of a `MessagePort` that is needed. */
export type RingPort = Pick<MessagePort, 'postMessage' | 'on' | 'off' | 'close'>

/** What the engine hands to a thread; the port has to be in the transfer list. */
export interface RingEndInit {
  readonly memory: SharedArrayBuffer
  readonly port: MessagePort
}

export interface RingOptions extends DuplexLimits {
  /** Frames and milliseconds of one drain, after which timers and sockets have their turn. */
  readonly drain_frames: number
  readonly drain_ms: number
  /** Both sides share one processor: the other one can't read before this one sleeps. */
  readonly one_core: boolean
  /** Runs each drain. */
  readonly around_drain: (drain: () => void) => void
}

export const RING_OPTIONS: RingOptions = {
  ...DUPLEX_LIMITS,
  drain_frames: 512,
  drain_ms: 1,
  one_core: availableParallelism() === 1,
  around_drain: (drain) => drain(),
}

export class RingDuplex implements FrameDuplex {
  readonly #port: RingPort
  readonly #options: RingOptions
  readonly #producer: RingProducer
  readonly #consumer: RingConsumer
  /**
   * `turn`: frames of a turn of the event loop wake the reader at its end, all at once. `first`: the first of them does so already, and the
   * others now and then, too. `no`: each does; what the engine's side writes it has mostly read as one batch, and the first frame wakes the
   * thread for all of it.
   */
  readonly #gathers: 'turn' | 'first' | 'no'
  #gathering: NodeJS.Immediate | undefined
  #onFrame: OnFrame | undefined
  #onDrained: (() => void) | undefined
  #immediate: NodeJS.Immediate | undefined
  #open = true

  /** `side` 0 is the engine, 1 the thread. */
  constructor(memory: SharedArrayBuffer, side: 0 | 1, port: RingPort, options: Partial<RingOptions> = {}) {
    this.#port = port
    this.#options = { ...RING_OPTIONS, ...options }
    this.#gathers = this.#options.one_core ? 'turn' : side === 1 ? 'first' : 'no'
    const ring = () => port.postMessage(null)
    this.#producer = new RingProducer(ringOf(memory, side), {
      wake: ring,
      sendLarge: (bytes) => port.postMessage(bytes, [bytes]),
    })
    this.#consumer = new RingConsumer(ringOf(memory, side === 0 ? 1 : 0), ring)
  }

  get target(): Buffer {
    return this.#producer.target
  }

  get queuedBytes(): number {
    return this.#producer.queuedBytes
  }

  get congested(): boolean {
    const { congested_bytes, congested_frames } = this.#options
    return this.#producer.waitingBytes > congested_bytes || this.#producer.queuedFrames > congested_frames
  }

  get open(): boolean {
    return this.#open
  }

  reserve(maxLength: number): number {
    return this.#producer.reserve(maxLength)
  }

  commit(length: number): void {
    if (!this.#open) return
    if (this.#gathers === 'turn') this.#gather()
    this.#producer.commit(length)
    if (this.#gathers === 'first') this.#gather()
  }

  start(onFrame: OnFrame, onDrained?: () => void): void {
    this.#onFrame = onFrame
    this.#onDrained = onDrained
    this.#port.on('message', this.#onMessage)
    this.#schedule()
  }

  unreadSince(now: number): number | undefined {
    return this.#open ? this.#producer.unreadSince(now) : undefined
  }

  /** Large frames still in the port have to be handed in with `receiveLarge` first. */
  drainRemaining(): void {
    if (!this.#open || this.#onFrame === undefined) return this.close()
    const onFrame = this.#onFrame
    // Answers to what is handed out have no reader any more.
    this.#open = false
    this.#consumer.drain(onFrame, Infinity, Infinity)
    this.#release()
  }

  receiveLarge(bytes: ArrayBuffer): void {
    this.#consumer.receiveLarge(bytes)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#release()
  }

  /** Until the end of this turn of the event loop: a reader that is quicker than this side would else be woken for each frame. */
  #gather(): void {
    if (this.#producer.held) return
    this.#hold()
    this.#releaseLater()
  }

  #hold(): void {
    // On one core a bell would only have the system switch between the two sides for each batch.
    this.#producer.hold({ silently: this.#gathers === 'turn' })
  }

  #releaseLater(): void {
    this.#gathering ??= setImmediate(() => {
      this.#gathering = undefined
      this.#producer.release()
    })
  }

  #release(): void {
    clearImmediate(this.#immediate)
    clearImmediate(this.#gathering)
    this.#producer.release()
    this.#producer.discard()
    this.#port.off('message', this.#onMessage)
    this.#port.close()
    this.#onDrained?.()
  }

  readonly #onMessage = (message: unknown): void => {
    if (!this.#open) return
    if (message instanceof ArrayBuffer) this.#consumer.receiveLarge(message)
    if (this.#immediate !== undefined) return
    this.#consumer.stayAwake()
    this.#options.around_drain(this.#turn)
  }

  readonly #turn = (): void => {
    const { drain_frames, drain_ms } = this.#options
    let done = false
    // Answers written while draining wake the other side once, at the end.
    this.#hold()
    try {
      this.#flush()
      const outcome = this.#consumer.drain(this.#onFrame!, drain_frames, drain_ms)
      // A large frame's arrival is a message of its own, so nothing is to be looked for until then.
      done = outcome === 'waiting' || (outcome === 'empty' && this.#consumer.sleep())
    } finally {
      // On one core it has time until those are written, too, that come after promises.
      if (this.#gathers === 'turn' && this.#producer.owesWake && this.#open) this.#releaseLater()
      else this.#producer.release()
      if (!done && this.#open) this.#schedule()
    }
  }

  #flush(): void {
    const { waitingBytes, queuedFrames } = this.#producer
    if (queuedFrames === 0) return
    const { congested_bytes, congested_frames } = this.#options
    this.#producer.flush()
    const bytesMark = congested_bytes / 2
    const framesMark = congested_frames / 2
    const wasAbove = waitingBytes > bytesMark || queuedFrames > framesMark
    const isAbove = this.#producer.waitingBytes > bytesMark || this.#producer.queuedFrames > framesMark
    if (wasAbove && !isAbove) this.#onDrained?.()
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined
      this.#options.around_drain(this.#turn)
    })
  }
}
