// One side of a child process's connection: the frames of a ring over a message pipe that copies.
// The frames of one tick go as one message; what is under way is bounded by credit that the other side returns as it reads.
import { FrameQueue } from './frame-queue.ts'
import { DUPLEX_LIMITS, type DuplexLimits, type FrameDuplex, type OnFrame } from './frame-duplex.ts'

/** A process channel in 'advanced' serialization, or anything else that carries byte arrays in order. */
export interface PipePort {
  send(batch: Uint8Array): void
  onMessage(listener: (batch: Uint8Array) => void): void
  close(): void
}

export interface PipeOptions extends DuplexLimits {
  /** Bytes under way before further frames wait on this side. One frame may always be under way. */
  readonly window_bytes: number
  /** Bytes after which a batch is sent before the tick is over. */
  readonly batch_bytes: number
  /** Runs a task once the current one is over: when a batch is sent that is not full. */
  readonly later: (task: () => void) => void
}

export const PIPE_OPTIONS: PipeOptions = {
  ...DUPLEX_LIMITS,
  window_bytes: 4 * 1024 * 1024,
  batch_bytes: 256 * 1024,
  later: setImmediate,
}

/** A batch: bytes read so far of what the other side sent (modulo 2^32), then frames, each with its length before it. */
const BATCH_HEADER = 4
const LENGTH_BYTES = 4

export class PipeDuplex implements FrameDuplex {
  target: Buffer

  readonly #port: PipePort
  readonly #options: PipeOptions
  readonly #queue = new FrameQueue()
  #onFrame: OnFrame | undefined
  #onDrained: (() => void) | undefined
  #batch: Buffer
  #batchEnd = BATCH_HEADER
  #flushDue = false
  #open = true

  /** Modulo 2^32, frame bytes with their length words. */
  #sent = 0
  #readByPeer = 0
  #read = 0
  #readReported = 0
  #watched = 0
  #watchedSince: number | undefined

  constructor(port: PipePort, options: Partial<PipeOptions> = {}) {
    this.#port = port
    this.#options = { ...PIPE_OPTIONS, ...options }
    this.#batch = Buffer.allocUnsafeSlow(this.#options.batch_bytes)
    this.target = this.#batch
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#underWay()
  }

  get congested(): boolean {
    return this.#queue.bytes > this.#options.congested_bytes || this.#queue.length > this.#options.congested_frames
  }

  get open(): boolean {
    return this.#open
  }

  reserve(maxLength: number): number {
    const room = LENGTH_BYTES + maxLength
    if (this.#queue.length === 0 && this.#fits(maxLength) && BATCH_HEADER + room <= this.#batch.length) {
      if (this.#batchEnd + room > this.#batch.length) this.#flush()
      this.target = this.#batch
      return this.#batchEnd + LENGTH_BYTES
    }
    this.target = Buffer.allocUnsafe(maxLength)
    return 0
  }

  commit(length: number): void {
    if (!this.#open) return
    if (this.target === this.#batch) {
      this.#append(length)
      return
    }
    this.#queue.push(this.target.subarray(0, length))
    this.#drainQueue()
  }

  start(onFrame: OnFrame, onDrained?: () => void): void {
    this.#onFrame = onFrame
    this.#onDrained = onDrained
    this.#port.onMessage((batch) => this.#receive(batch))
  }

  unreadSince(now: number): number | undefined {
    if (!this.#open || this.#underWay() === 0) this.#watchedSince = undefined
    else if (this.#watchedSince === undefined || this.#readByPeer !== this.#watched) this.#watchedSince = now
    this.#watched = this.#readByPeer
    return this.#watchedSince
  }

  /** A pipe hands out each message as it comes: nothing remains behind. */
  drainRemaining(): void {
    this.close()
  }

  close(): void {
    if (!this.#open) return
    this.#flush()
    this.#open = false
    this.#queue.clear()
    this.#port.close()
    this.#onDrained?.()
  }

  #receive(message: Uint8Array): void {
    if (!this.#open || this.#onFrame === undefined) return
    const batch = Buffer.from(message.buffer, message.byteOffset, message.length)
    this.#readByPeer = batch.readUInt32LE(0)
    const wasAbove = this.#aboveHalf()
    this.#drainQueue()
    if (wasAbove && !this.#aboveHalf()) this.#onDrained?.()
    for (let at = BATCH_HEADER; at < batch.length;) {
      const start = at + LENGTH_BYTES
      at = start + batch.readUInt32LE(at)
      try {
        this.#onFrame(batch, start, at)
      } finally {
        this.#read = (this.#read + LENGTH_BYTES + at - start) >>> 0
      }
    }
    // The report rides on the frames of this tick; without any it goes alone once it is worth a message.
    if (this.#read !== this.#readReported) this.#flushLater()
  }

  #aboveHalf(): boolean {
    const { congested_bytes, congested_frames } = this.#options
    return this.#queue.bytes > congested_bytes / 2 || this.#queue.length > congested_frames / 2
  }

  #drainQueue(): void {
    for (let frame = this.#queue.peek(); frame !== undefined && this.#fits(frame.length); frame = this.#queue.peek()) {
      if (this.#batchEnd + LENGTH_BYTES + frame.length > this.#batch.length) this.#flush()
      if (BATCH_HEADER + LENGTH_BYTES + frame.length > this.#batch.length) {
        this.#sendAlone(frame)
      } else {
        frame.copy(this.#batch, this.#batchEnd + LENGTH_BYTES)
        this.#append(frame.length)
      }
      this.#queue.shift(frame.length)
    }
  }

  #append(length: number): void {
    this.#batch.writeUInt32LE(length, this.#batchEnd)
    this.#batchEnd += LENGTH_BYTES + length
    this.#sent = (this.#sent + LENGTH_BYTES + length) >>> 0
    this.#flushLater()
  }

  #sendAlone(frame: Buffer): void {
    const batch = Buffer.allocUnsafe(BATCH_HEADER + LENGTH_BYTES + frame.length)
    batch.writeUInt32LE(frame.length, BATCH_HEADER)
    frame.copy(batch, BATCH_HEADER + LENGTH_BYTES)
    this.#sent = (this.#sent + LENGTH_BYTES + frame.length) >>> 0
    this.#send(batch)
  }

  #flushLater(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    this.#options.later(() => {
      this.#flushDue = false
      if (this.#open) this.#flush()
    })
  }

  #flush(): void {
    if (this.#batchEnd === BATCH_HEADER && this.#read === this.#readReported) return
    const batch = this.#batch.subarray(0, this.#batchEnd)
    this.#batchEnd = BATCH_HEADER
    this.#send(batch)
  }

  /** The port serializes before it returns, so that the batch can be filled anew. */
  #send(batch: Buffer): void {
    batch.writeUInt32LE(this.#read, 0)
    this.#readReported = this.#read
    this.#port.send(batch)
  }

  #underWay(): number {
    return (this.#sent - this.#readByPeer) >>> 0
  }

  #fits(length: number): boolean {
    const underWay = this.#underWay()
    return underWay === 0 || underWay + LENGTH_BYTES + length <= this.#options.window_bytes
  }
}
