// Finds the end of a string and checks it entirely, but for its UTF-8: the byte loop for short ones.

/** The bytes end before the value does. */
export const UNTERMINATED = -1

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20

/**
 * The offset behind the string whose opening quote is at `start`, its complement `~end` when the string holds a byte that is not JSON, or
 * UNTERMINATED.
 */
export function skipString(bytes: Buffer, start: number): number {
  const { length } = bytes
  let faulty = false
  for (let at = start + 1; at < length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) return faulty ? ~(at + 1) : at + 1
    if (byte < SPACE) faulty = true
    else if (byte === BACKSLASH) {
      if (++at >= length) return UNTERMINATED
      const escaped = bytes[at]!
      // Hex digits are looked at in place, so that a quote among them still ends the string.
      if (escaped === 0x75) faulty ||= !isHex(bytes, at + 1)
      else faulty ||= !isEscape(escaped)
    }
  }
  return UNTERMINATED
}

function isEscape(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // "/"
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return true
    default:
      return false
  }
}

function isHex(bytes: Buffer, start: number): boolean {
  if (start + 4 > bytes.length) return false
  for (let at = start; at < start + 4; at++) {
    const byte = bytes[at]!
    const letter = byte | 0x20
    if (!((byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return false
  }
  return true
}
