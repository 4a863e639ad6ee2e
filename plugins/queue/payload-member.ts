// Reads one top-level member of a payload that stays JSON text: the group of a fifo queue, a priority, a deduplication key. Nothing else of the
// payload becomes a value.
import { endOfValue } from '../../protocol/scanner/check-value.ts'
import { skipSpace } from '../../protocol/scanner/skip-space.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACE = 0x7b

/** The member's value; undefined when there is none of that name, or the payload is no object. Of several the last counts, as everywhere. */
export function payloadMember(json: string, name: string): unknown {
  const found = payloadMemberText(json, name)
  return found === undefined ? undefined : JSON.parse(found)
}

/** The text of the member's value, as it stands in the payload. */
export function payloadMemberText(json: string, name: string): string | undefined {
  const bytes = Buffer.from(json)
  let at = skipSpace(bytes, 0)
  if (bytes[at] !== OPEN_BRACE) return undefined
  let found: string | undefined
  do {
    at = skipSpace(bytes, at + 1)
    if (bytes[at] !== QUOTE) break
    const nameEnd = endOfValue(bytes, at)
    const isIt = isName(bytes, at, nameEnd, name)
    const start = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1)
    const end = endOfValue(bytes, start)
    if (nameEnd === -1 || end === -1) return undefined
    if (isIt) found = bytes.utf8Slice(start, end)
    at = skipSpace(bytes, end)
  } while (bytes[at] === COMMA)
  return found
}

export function isObjectText(json: string): boolean {
  return /^\s*\{/.test(json)
}

function isName(bytes: Buffer, start: number, end: number, name: string): boolean {
  const text = bytes.utf8Slice(start + 1, end - 1)
  return text === name || (text.includes('\\') && JSON.parse(bytes.utf8Slice(start, end)) === name)
}
