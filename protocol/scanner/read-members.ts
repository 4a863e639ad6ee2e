// The grammar of the envelope: one pass over a frame that notes where the value of each member stands. What they mean is scan.ts's.
import { endOfValue } from './check-value.ts'
import { keyBytes, MAX_ESCAPED_KEY_BYTES, Member, memberAt, memberNamed } from './members.ts'
import { skipScalar } from './skip-scalar.ts'
import { skipFaulty } from './skip-faulty.ts'
import { skipSpace } from './skip-space.ts'
import { skipString, UNTERMINATED } from './skip-string.ts'
import { hasEscape, decodeText } from './text.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const SPACE = 0x20

/** Where things stand in a frame: start and end of the value of member m at 2m and 2m + 1, strings with their quotes; -1 = absent. */
export type Spans = Int32Array

/** Start of the first value that is not JSON inside; -1 = there is none. The rest of the frame is read all the same, for its ids. */
export const FAULTY_VALUE = 2 * (Member.Other + 1)
/** -1 as long as all texts are short, ASCII and without escapes, and need no decoding. */
export const DECODING = FAULTY_VALUE + 1
/** Above it a text is decoded with care: one can be longer than a string may be. */
const MAX_PLAIN_BYTES = 1 << 20
const SLOTS = DECODING + 1

export function createSpans(): Spans {
  return new Int32Array(SLOTS)
}

/** Fills the spans anew. Returns -1, or the offset at which the frame breaks the grammar of the envelope. */
export function readMembers(frame: Buffer, spans: Spans): number {
  for (let slot = 0; slot < SLOTS; slot++) spans[slot] = -1
  const length = frame.length
  let at = skipSpace(frame, 0)
  if (at >= length || frame[at] !== OPEN_BRACE) return at
  at = skipSpace(frame, at + 1)
  if (at < length && frame[at] === CLOSE_BRACE) return endOfFrame(frame, at + 1)
  while (at < length && frame[at] === QUOTE) {
    let member: Member = memberAt(frame, at + 1)
    if (member !== Member.Other) at += 1 + keyBytes(member)
    else {
      const end = skipString(frame, at)
      if (end < 0) return end === UNTERMINATED ? length : at
      member = escapedMember(frame, at, end)
      at = end
    }
    at = skipSpace(frame, at)
    if (at >= length || frame[at] !== COLON) return at
    at = skipSpace(frame, at + 1)
    if (at >= length) return at

    let end: number
    const first = frame[at]
    if (first === QUOTE && member < Member.Data) end = skipText(frame, at, spans)
    else if (first === QUOTE || first === OPEN_BRACE || first === OPEN_BRACKET) {
      end = endOfValue(frame, at, member === Member.Data || member === Member.Result)
      if (end < 0 && (end = skipFaulty(frame, at)) !== UNTERMINATED) end = ~end
    } else if ((end = skipScalar(frame, at)) === UNTERMINATED) return at
    if (end < 0) {
      if (end === UNTERMINATED) return length
      end = ~end
      if (spans[FAULTY_VALUE] === -1) spans[FAULTY_VALUE] = at
    }
    spans[2 * member] = at
    spans[2 * member + 1] = end

    at = skipSpace(frame, end)
    if (at >= length) return at
    if (frame[at] === CLOSE_BRACE) return endOfFrame(frame, at + 1)
    if (frame[at] !== COMMA) return at
    at = skipSpace(frame, at + 1)
  }
  return at
}

/** Nothing but white space may follow the envelope. */
function endOfFrame(frame: Buffer, start: number): number {
  const at = skipSpace(frame, start)
  return at === frame.length ? -1 : at
}

/** An id or the like, short as a rule. Notes whether it needs decoding. */
function skipText(frame: Buffer, start: number, spans: Spans): number {
  const length = frame.length
  let at = start + 1
  let seen = 0
  while (at < length) {
    const byte = frame[at]!
    if (byte === QUOTE) {
      if (seen >= 0x80 || at - start > MAX_PLAIN_BYTES) spans[DECODING] = at
      return at + 1
    }
    if (byte === BACKSLASH || byte < SPACE) {
      spans[DECODING] = at
      return skipString(frame, start)
    }
    seen |= byte
    at++
  }
  return UNTERMINATED
}

/** The member that a key names which none of the known ones equals byte by byte. */
function escapedMember(frame: Buffer, start: number, end: number): Member {
  if (end - start > MAX_ESCAPED_KEY_BYTES || !hasEscape(frame, start, end)) return Member.Other
  const name = decodeText(frame, start, end)
  return name === undefined ? Member.Other : memberNamed(name)
}
