// The query of a request as handlers get it (spec 06 A.5): one text per name, the last one. Pure.
import { createTextMap } from './text-map.ts'

/** The query can't be decoded: answered with 400. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
}

/**
 * `+` is a space, a name without `=` has the value `""`, of a name that comes more than once the last value counts.
 * @param query without its `?`.
 * @throws QueryError for an escape that is none, and for bytes that are not UTF-8.
 */
export function readQuery(query: string): Record<string, string> {
  const params = createTextMap()
  const { length } = query
  for (let start = 0; start < length;) {
    let end = query.indexOf('&', start)
    if (end === -1) end = length
    if (end > start) {
      let equals = query.indexOf('=', start)
      if (equals === -1 || equals > end) equals = end
      params[decoded(query, start, equals)] = equals < end ? decoded(query, equals + 1, end) : ''
    }
    start = end + 1
  }
  return params
}

const PERCENT = 0x25
const PLUS = 0x2b

function decoded(query: string, start: number, end: number): string {
  const text = query.slice(start, end)
  for (let at = start; at < end; at++) {
    const letter = query.charCodeAt(at)
    if (letter === PERCENT || letter === PLUS || letter > 0x7f) return decodedWhole(text)
  }
  return text
}

/** Bytes above ASCII that a client did not encode arrive as one character each. */
const RAW_BYTES = /[\x80-\xff]+/g

function decodedWhole(text: string): string {
  const spaced = text.replaceAll('+', ' ').replace(RAW_BYTES, (bytes) => escape(bytes))
  try {
    return decodeURIComponent(spaced)
  } catch (error) {
    throw new QueryError(
      `The query can not be decoded: ${JSON.stringify(shortened(text))} is no percent-encoded UTF-8. Write a percent sign as %25`,
      { cause: error },
    )
  }
}

/** Each byte as `%XX`. */
function escape(bytes: string): string {
  let escaped = ''
  for (const byte of bytes) escaped += `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
  return escaped
}

const SHOWN_LENGTH = 80

function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
