// A frame that comes in several reads and is put together here: ws would keep all the reads that have a part of it, whose memory is more
// than that of the frame, and copy them in the end (docs/decisions/2026-11-30-large-frames.md).
import { tookMemory } from '../../base/process/collect-young.ts'
import { lendRegion, MAX_REGION_BYTES, type Region } from '../../protocol/slabs.ts'
import { FINAL_BINARY, headerSize, isMaskedMessage, MASK_BYTES } from './frame-header.ts'
import { unmask } from './unmask.ts'

/** Small frames may stay where they are: they take little memory, and would keep others' from being used again. */
const MIN_LENT_BYTES = 8 * 1024
export const MIN_OWN_BYTES = 16 * 1024
const MAX_OWN_BYTES = 256 * 1024
/** Memory that is taken is no more than so many times what has come: announcing a frame costs nothing. */
const MOST_AHEAD = 16
/** What has come by then is copied once more when there is more memory, so the first steps are not to be small ones. */
const MIN_TAKEN_BYTES = 1024
const NO_MEMORY = Buffer.alloc(0)

export class GatheredFrame {
  readonly takesLent: boolean
  readonly isBinary: boolean
  /** With a mask of zeros, as `payload` has it. */
  readonly header: Buffer
  readonly #length: number
  #memory: Buffer = NO_MEMORY
  #region: Region | undefined
  #filled = 0
  #key: number

  /** The frame of `size` bytes whose first part is the end of `chunk`; undefined: it is not for this. */
  static begin(chunk: Buffer, at: number, size: number, takesLent: boolean): GatheredFrame | undefined {
    if (!isMaskedMessage(chunk, at)) return undefined
    const length = size - headerSize(chunk, at)
    const isLent = takesLent && chunk[at] === FINAL_BINARY && size >= MIN_LENT_BYTES && length <= MAX_REGION_BYTES
    if (!isLent && (size < MIN_OWN_BYTES || size > MAX_OWN_BYTES)) return undefined
    return new GatheredFrame(chunk, at, length, isLent)
  }

  private constructor(chunk: Buffer, at: number, length: number, takesLent: boolean) {
    const start = at + headerSize(chunk, at)
    this.takesLent = takesLent
    this.isBinary = chunk[at] === FINAL_BINARY
    this.header = Buffer.from(chunk.subarray(at, start)).fill(0, start - at - MASK_BYTES)
    this.#length = length
    this.#key = chunk.readInt32LE(start - MASK_BYTES)
    this.take(chunk, start)
  }

  get isFull(): boolean {
    return this.#filled === this.#length
  }

  /** All of it, once it is full. */
  get payload(): Buffer {
    return this.#memory
  }

  /** Once it is full, if it takes lent memory. */
  get region(): Region | undefined {
    return this.#region
  }

  /** Takes what belongs to it. Returns where the rest of the chunk begins. */
  take(chunk: Buffer, at: number): number {
    const from = this.#filled
    const until = Math.min(this.#length, from + chunk.length - at)
    if (until > this.#memory.length) this.#takeMemory(until)
    const next = at + until - from
    chunk.copy(this.#memory, from, at, next)
    this.#filled = until
    if (this.#key !== 0) this.#key = unmask(this.#memory, from, until, this.#key)
    return next
  }

  /** Memory that has room for so many bytes, and for all of the frame if that is not too much by then. */
  #takeMemory(bytes: number): void {
    const begun = this.#memory
    const most = Math.max(MIN_TAKEN_BYTES, bytes * MOST_AHEAD)
    if (most >= this.#length && this.takesLent) {
      const { buffer, start, end } = (this.#region = lendRegion(this.#length))
      this.#memory = buffer.subarray(start, end)
    } else {
      this.#memory = ownMemory(Math.min(most, this.#length))
    }
    begun.copy(this.#memory, 0, 0, this.#filled)
  }
}

function ownMemory(bytes: number): Buffer {
  tookMemory(bytes)
  return Buffer.allocUnsafeSlow(bytes)
}
