// A frame that comes in several reads and is put together here: ws would keep all the reads that have a part of it, whose memory is more
// than that of the frame, and copy them in the end (docs/decisions/2026-11-30-large-frames.md).
import { tookMemory } from '../../base/process/collect-young.ts'
import { lendRegion, MAX_REGION_BYTES, type Region } from '../../protocol/slabs.ts'
import { FINAL_BINARY, headerSize, isMaskedMessage, MASK_BYTES } from './frame-header.ts'
import { unmask } from './unmask.ts'

/** Small frames may stay where they are: they take little memory, and would keep others' from being used again. */
const MIN_LENT_BYTES = 8 * 1024
export const MIN_OWN_BYTES = 16 * 1024
/** Memory is taken as soon as the header has come: who announces more has ws collect what really comes. */
const MAX_OWN_BYTES = 256 * 1024

export class GatheredFrame {
  /** Of lent memory; undefined = it has memory of its own. */
  readonly region: Region | undefined
  /** All of it, once it is full. */
  readonly payload: Buffer
  readonly isBinary: boolean
  /** With a mask of zeros, as `payload` has it. */
  readonly header: Buffer
  #filled = 0
  #key: number

  /** The frame of `size` bytes whose first part is the end of `chunk`; undefined: it is not for this. */
  static begin(chunk: Buffer, at: number, size: number, takesLent: boolean): GatheredFrame | undefined {
    if (!isMaskedMessage(chunk, at)) return undefined
    const length = size - headerSize(chunk, at)
    if (takesLent && chunk[at] === FINAL_BINARY && size >= MIN_LENT_BYTES && length <= MAX_REGION_BYTES) {
      const region = lendRegion(length)
      return new GatheredFrame(chunk, at, region.buffer.subarray(region.start, region.end), region)
    }
    if (size < MIN_OWN_BYTES || size > MAX_OWN_BYTES) return undefined
    tookMemory(length)
    return new GatheredFrame(chunk, at, Buffer.allocUnsafeSlow(length), undefined)
  }

  private constructor(chunk: Buffer, at: number, payload: Buffer, region: Region | undefined) {
    const start = at + headerSize(chunk, at)
    this.region = region
    this.payload = payload
    this.isBinary = chunk[at] === FINAL_BINARY
    this.header = Buffer.from(chunk.subarray(at, start)).fill(0, start - at - MASK_BYTES)
    this.#key = chunk.readInt32LE(start - MASK_BYTES)
    this.take(chunk, start)
  }

  get isFull(): boolean {
    return this.#filled === this.payload.length
  }

  /** Takes what belongs to it. Returns where the rest of the chunk begins. */
  take(chunk: Buffer, at: number): number {
    const from = this.#filled
    this.#filled += chunk.copy(this.payload, from, at)
    if (this.#key !== 0) this.#key = unmask(this.payload, from, this.#filled, this.#key)
    return at + this.#filled - from
  }
}
