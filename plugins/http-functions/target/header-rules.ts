// Which headers a registration may add to its requests (spec 06 B.2): none that decides where a message ends or whom it is for. Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { badInvocation } from './bad-invocation.ts'

export type Header = readonly [name: string, value: string]

/** Headers that a registration adds. */
export const MAX_HEADERS = 64
/** Bytes of all of them together. */
export const MAX_HEADER_BYTES = 16 * 1024

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** They say where a request ends, whom it is for and what becomes of the connection. */
const FORBIDDEN = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** What stands behind it is the engine's word. */
const OURS = 'x-iii-'

/**
 * Throws CodedError `invalid_invocation`.
 * @param ignored told of each that is left out because the engine alone sets it
 */
export function readHeaders(written: unknown, ignored: (name: string) => void = () => {}): Header[] {
  if (!isRecord(written)) throw badInvocation(`headers must be an object of texts, not ${shownValue(written)}`)
  const headers: Header[] = []
  let bytes = 0
  for (const [name, value] of Object.entries(written)) {
    if (name.toLowerCase().startsWith(OURS)) {
      ignored(name)
      continue
    }
    // The value may be a secret: it is not shown.
    if (typeof value !== 'string') throw badInvocation(`headers['${name}'] must be a text, not ${typeof value}`)
    if (!isHeaderValue(value))
      throw badInvocation(`headers['${name}'] has a character that can not stand in a header, such as a line break`)
    headers.push([headerName(name, 'headers'), value])
    bytes += name.length + value.length
  }
  if (headers.length > MAX_HEADERS)
    throw badInvocation(`headers has ${headers.length} members, more than ${MAX_HEADERS}`)
  if (bytes > MAX_HEADER_BYTES) throw badInvocation(`headers has ${bytes} bytes, more than ${MAX_HEADER_BYTES}`)
  return headers
}

/** Throws CodedError `invalid_invocation`. */
export function headerName(written: unknown, where: string): string {
  if (typeof written !== 'string' || !NAME.test(written))
    throw badInvocation(`${where}: ${shownValue(written)} is no name of a header`)
  const name = written.toLowerCase()
  if (FORBIDDEN.has(name) || name.startsWith(OURS))
    throw badInvocation(`${where}: '${written}' is set by the engine alone; leave it out`)
  return written
}

export function isHeaderValue(value: string): boolean {
  return VALUE.test(value)
}
