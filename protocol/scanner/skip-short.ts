// The byte loops behind skip-value.ts for values too short for WebAssembly, with the same checks and the same results.
// Not checked, as there: the order of tokens between brackets and the form of numbers.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20

/** What a byte is outside strings. */
const WRONG = 0
const PLAIN = 1
const STRING = 2
const OPEN_BRACE = 3
const OPEN_BRACKET = 4
const CLOSE_BRACE = 5
const CLOSE_BRACKET = 6

const CLASS = new Uint8Array(256)
for (const char of ' \t\n\r,:+-.0123456789Eaeflnrstu') CLASS[char.charCodeAt(0)] = PLAIN
CLASS[QUOTE] = STRING
CLASS[0x7b] = OPEN_BRACE
CLASS[0x5b] = OPEN_BRACKET
CLASS[0x7d] = CLOSE_BRACE
CLASS[0x5d] = CLOSE_BRACKET

/** Object or array whose opening bracket is at `start`; results as in skip-value.ts. */
export function skipShortBrackets(frame: Buffer, start: number): number {
  const length = frame.length
  let depth = 0
  let braces = 0
  let faulty = false
  for (let at = start; at < length; at++) {
    switch (CLASS[frame[at]!]) {
      case PLAIN:
        continue
      case STRING: {
        let byte = 0
        do byte = ++at < length ? frame[at]! : 0
        while (byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE)
        if (byte !== QUOTE) {
          const end = skipRestOfString(frame, at)
          if (end === -1) return -1
          if (end < 0) faulty = true
          at = (end < 0 ? ~end : end) - 1
        }
        continue
      }
      case OPEN_BRACE:
        depth++
        braces++
        continue
      case OPEN_BRACKET:
        depth++
        continue
      case CLOSE_BRACE:
        braces--
        if (--depth === 0) return faulty || braces !== 0 ? ~(at + 1) : at + 1
        continue
      case CLOSE_BRACKET:
        if (--depth === 0) return faulty || braces !== 0 ? ~(at + 1) : at + 1
        continue
      case WRONG:
        faulty = true
    }
  }
  return -1
}

/** String whose opening quote is at `start`; results as in skip-value.ts. */
export function skipShortString(frame: Buffer, start: number): number {
  return skipRestOfString(frame, start + 1)
}

/** From any place inside a string, not behind an odd backslash, to behind its closing quote. */
function skipRestOfString(frame: Buffer, start: number): number {
  const length = frame.length
  let faulty = false
  for (let at = start; at < length; at++) {
    const byte = frame[at]!
    if (byte === QUOTE) return faulty ? ~(at + 1) : at + 1
    if (byte < SPACE) faulty = true
    else if (byte === BACKSLASH) {
      if (++at >= length) return -1
      const escaped = frame[at]!
      // Hex digits are looked at in place, so that a quote among them still ends the string.
      if (escaped === 0x75) faulty ||= !isHex(frame, at + 1)
      else faulty ||= !isEscape(escaped)
    }
  }
  return -1
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

function isHex(frame: Buffer, start: number): boolean {
  if (start + 4 > frame.length) return false
  for (let at = start; at < start + 4; at++) {
    const byte = frame[at]!
    const letter = byte | 0x20
    if (!((byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return false
  }
  return true
}
