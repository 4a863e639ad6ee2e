// Finds `status_code`, `headers` and `body` in the JSON text of a result without parsing it.
import { endOfValue as endOfBytes } from '../../../protocol/scanner/check-value.ts'

/** JSON texts; undefined = absent. */
export interface ResultMembers {
  statusCode: string | undefined
  /** As `HttpResponse` of the SDK for Python calls it. */
  statusCodeOfPython: string | undefined
  headers: string | undefined
  body: string | undefined
}

/**
 * Of members with one name the last one counts, as for JSON.parse.
 * @param json valid JSON; what is no object has none of them.
 */
export function findResultMembers(json: string): ResultMembers {
  const found: ResultMembers = {
    statusCode: undefined,
    statusCodeOfPython: undefined,
    headers: undefined,
    body: undefined,
  }
  let at = skipSpace(json, 0)
  if (json.charCodeAt(at) !== OPEN_BRACE) return found
  for (;;) {
    // Behind the opening brace or a comma: a key, or the end of an object without members.
    at = skipSpace(json, at + 1)
    if (json.charCodeAt(at) !== QUOTE) return found
    const keyEnd = endOfString(json, at)
    const name = keyAt(json, at, keyEnd)
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const end = endOfValue(json, start)
    if (name !== undefined) found[name] = json.slice(start, end)
    at = skipSpace(json, end)
    if (json.charCodeAt(at) !== COMMA) return found
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

const NAMES: ReadonlyMap<string, keyof ResultMembers> = new Map([
  ['status_code', 'statusCode'],
  ['statusCode', 'statusCodeOfPython'],
  ['headers', 'headers'],
  ['body', 'body'],
])

/** Of the longest name, when each of its letters is an escape. */
const LONGEST_KEY = 2 + 6 * 'status_code'.length

function keyAt(json: string, start: number, end: number): keyof ResultMembers | undefined {
  if (end - start > LONGEST_KEY) return undefined
  const key = json.slice(start + 1, end - 1)
  return NAMES.get(key.includes('\\') ? (JSON.parse(json.slice(start, end)) as string) : key)
}

function endOfValue(json: string, start: number): number {
  switch (json.charCodeAt(start)) {
    case QUOTE:
      return endOfString(json, start)
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return endOfBrackets(json, start)
    default:
      return endOfScalar(json, start)
  }
}

/** From here on it is faster to make bytes of the text, which are scanned 64 at a time. */
const LONG_TEXT = 1024

function endOfLongBrackets(json: string, start: number): number {
  const bytes = Buffer.from(json.slice(start))
  const end = endOfBytes(bytes, 0, true)
  if (end === -1) throw unterminated(json)
  const isAscii = bytes.length === json.length - start
  return json.length - (isAscii ? bytes.length - end : bytes.toString('utf8', end).length)
}

function endOfBrackets(json: string, start: number): number {
  if (json.length - start >= LONG_TEXT) return endOfLongBrackets(json, start)
  let depth = 0
  let at = start
  for (;;) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at)
        continue
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (--depth === 0) return at + 1
        break
    }
    if (++at >= json.length) throw unterminated(json)
  }
}

/** @param start of the opening quote. */
function endOfString(json: string, start: number): number {
  let at = start
  for (;;) {
    at = json.indexOf('"', at + 1)
    if (at === -1) throw unterminated(json)
    let before = at - 1
    while (json.charCodeAt(before) === BACKSLASH) before--
    // An even number of backslashes are escapes of each other.
    if ((at - before) % 2 === 1) return at + 1
  }
}

function endOfScalar(json: string, start: number): number {
  let at = start
  while (at < json.length) {
    const code = json.charCodeAt(at)
    if (code === COMMA || code === CLOSE_BRACE || code <= 0x20) break
    at++
  }
  return at
}

function skipSpace(json: string, start: number): number {
  let at = start
  while (json.charCodeAt(at) <= 0x20) at++
  return at
}

function unterminated(json: string): SyntaxError {
  return new SyntaxError(`a result of ${json.length} characters is no whole JSON value`)
}
