// The header of a WebSocket frame that comes from a client (RFC 6455, 5.2), and its mask.
import { unmask } from './unmask.ts'

export const FINAL_TEXT = 0x81
export const FINAL_BINARY = 0x82
export const MASK_BYTES = 4
const MASKED = 0x80

export const INCOMPLETE = -1

/** Bytes of the frame that begins here, header included, or INCOMPLETE while the header is, its mask included. */
export function frameSize(chunk: Buffer, at: number): number {
  const available = chunk.length - at
  if (available < 2) return INCOMPLETE
  const second = chunk[at + 1] as number
  const mask = (second & MASKED) === 0 ? 0 : MASK_BYTES
  const length = second & 0x7f
  if (length < 126) return available < 2 + mask ? INCOMPLETE : 2 + mask + length
  if (length === 126)
    return available < 4 + mask ? INCOMPLETE : 4 + mask + (((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number))
  if (available < 10 + mask) return INCOMPLETE
  return 10 + mask + chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6)
}

/**
 * Unmasks as much of a frame as there is, and has its header say so: a mask of zeros changes nothing. Returns the mask of the byte at
 * `end`, 0 when there is none.
 */
export function unmaskFrame(chunk: Buffer, at: number, end: number): number {
  if (((chunk[at + 1] as number) & MASKED) === 0) return 0
  const start = at + headerSize(chunk, at)
  const key = maskBefore(chunk, start)
  if (key === 0) return 0
  // As `fill`, which takes longer than to unmask a small frame.
  chunk[start - 4] = 0
  chunk[start - 3] = 0
  chunk[start - 2] = 0
  chunk[start - 1] = 0
  return unmask(chunk, start, end, key)
}

/** The mask that ends at `start`, as `unmask` takes it. Node's way to read a number checks more than there is to be read. */
export function maskBefore(chunk: Buffer, start: number): number {
  return (
    (chunk[start - 4] as number) |
    ((chunk[start - 3] as number) << 8) |
    ((chunk[start - 2] as number) << 16) |
    ((chunk[start - 1] as number) << 24)
  )
}

/** Of a masked frame. */
export function headerSize(chunk: Buffer, at: number): number {
  const length = (chunk[at + 1] as number) & 0x7f
  return MASK_BYTES + (length < 126 ? 2 : length === 126 ? 4 : 10)
}

/** Of text or bytes that no other frame goes on with. */
export function isMaskedMessage(chunk: Buffer, at: number): boolean {
  const first = chunk[at]
  return (first === FINAL_TEXT || first === FINAL_BINARY) && ((chunk[at + 1] as number) & MASKED) !== 0
}

/** Such a message of less than 64 KiB. */
export function isSimple(chunk: Buffer, at: number): boolean {
  return isMaskedMessage(chunk, at) && ((chunk[at + 1] as number) & 0x7f) !== 127
}
