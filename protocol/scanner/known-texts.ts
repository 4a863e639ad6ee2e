// The strings of function ids and namespaces seen lately, found by their bytes: the few that are called over and over are neither
// decoded nor hashed again for each frame. Worth a tenth of the scan of a small frame.
import { slicePlainText } from './text.ts'

/** Slots of the table; a new text takes the slot of another one with the same mark. A power of two. */
const SLOTS = 1024
/** Longer ones are not kept. */
const MAX_TEXT_BYTES = 96

export class KnownTexts {
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '')

  /** The text of a plain string token (see `slicePlainText`). */
  at(frame: Buffer, start: number, end: number): string {
    const length = end - start
    if (length < 4 || length > MAX_TEXT_BYTES) return slicePlainText(frame, start, end)
    // Ids share beginnings and separators; length, middle and end tell most apart.
    const slot =
      (length ^
        (frame[end - 2]! << 2) ^
        (frame[end - 3]! << 4) ^
        (frame[start + 1]! << 5) ^
        (frame[start + (length >> 1)]! << 3)) &
      (SLOTS - 1)
    const known = this.#bytes[slot]
    if (known !== undefined && isSame(known, frame, start, length)) return this.#texts[slot]!
    const text = slicePlainText(frame, start, end)
    // Not Buffer.from: a slice of Node's pool would keep the whole pool.
    this.#bytes[slot] = new Uint8Array(frame.subarray(start, end))
    this.#texts[slot] = text
    return text
  }
}

function isSame(known: Uint8Array, frame: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let index = 1; index < length; index++) if (known[index] !== frame[start + index]) return false
  return true
}
