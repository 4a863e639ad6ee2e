// The strings of function ids and namespaces seen lately, found by their bytes: the few that are called over and over are neither
// decoded nor hashed again for each frame. Worth a tenth of the scan of a small frame.
import { slicePlainText } from './text.ts'

/** Slots of the table; a new text takes the slot of another one with the same mark. A power of two. */
const SLOT_BITS = 12
const SLOTS = 1 << SLOT_BITS
/** Longer ones are not kept. */
const MAX_TEXT_BYTES = 96

export class KnownTexts {
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '')

  /** The text of a plain string token (see `slicePlainText`). */
  at(frame: Buffer, start: number, end: number): string {
    const length = end - start
    if (length < 4 || length > MAX_TEXT_BYTES) return slicePlainText(frame, start, end)
    const slot = slotOf(frame, start, end)
    const known = this.#bytes[slot]
    if (known !== undefined && isSame(known, frame, start, length)) return this.#texts[slot]!
    const text = slicePlainText(frame, start, end)
    // Not Buffer.from: a slice of Node's pool would keep the whole pool.
    this.#bytes[slot] = new Uint8Array(frame.subarray(start, end))
    this.#texts[slot] = text
    return text
  }
}

/** Ids share beginnings and separators, and many differ in a number at their end only: that, the length and the middle tell most apart. */
function slotOf(frame: Buffer, start: number, end: number): number {
  // The last byte is the quote. An opening brace at least stands before the text, so that all of these are in the frame.
  const tail = frame[end - 2]! | (frame[end - 3]! << 8) | (frame[end - 4]! << 16) | (frame[end - 5]! << 24)
  const rest = (end - start) | (frame[start + 1]! << 8) | (frame[start + ((end - start) >> 1)]! << 16)
  return (Math.imul(tail, 0x9e3779b1) ^ Math.imul(rest, 0x85ebca6b)) >>> (32 - SLOT_BITS)
}

function isSame(known: Uint8Array, frame: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let index = 1; index < length; index++) if (known[index] !== frame[start + index]) return false
  return true
}
