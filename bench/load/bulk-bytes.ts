// The bytes of a large transfer: the same 64 KB again and again, which show a piece that is missing, comes twice or is in the wrong place.

export const BLOCK_BYTES = 64 * 1024
/** Its length and the multiplier have no factor in common with the lengths of pieces: no piece looks like its neighbour. */
const BLOCK = Buffer.from(
  Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => (Math.imul(index, 2_654_435_761) >>> 16) & 0xff),
)

/** The piece that begins at `offset`, at most up to the end of a block and of `total`. */
export function pieceAt(offset: number, total: number): Buffer {
  const at = offset % BLOCK_BYTES
  return BLOCK.subarray(at, Math.min(BLOCK_BYTES, at + total - offset))
}

/** Takes the bytes of a transfer as they come, and counts those that are right. */
export class BulkCheck {
  bytes = 0
  /** Pieces that hold a wrong byte. */
  wrong = 0

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const expected = pieceAt(this.bytes + at, Number.POSITIVE_INFINITY)
      const length = Math.min(expected.length, chunk.length - at)
      if (expected.compare(chunk, at, at + length, 0, length) !== 0) this.wrong++
      at += length
    }
    this.bytes += chunk.length
  }
}
