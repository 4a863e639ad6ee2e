// Requests whose head a proxy in front of the server may read in another way than the server does, so that what one of them takes for a body
// is a request to the other (RFC 9112 3.2, 6.1, 11.2): they are refused before anybody acts on them. Pure. What is no HTTP at all, two
// lengths, a length beside `Transfer-Encoding` and the like never come so far: Node's parser refuses them.
import type { IncomingMessage } from 'node:http'

export interface HeadRefusal {
  readonly status: 400 | 501 | 505
  /** For whoever sent the request. */
  readonly message: string
}

export type RequestHead = Pick<IncomingMessage, 'httpVersionMajor' | 'httpVersionMinor' | 'headers' | 'rawHeaders'>

/** Undefined = the request may be served. After a refusal the connection is to be closed: where the next request begins is not sure. */
export function headRefusal({
  httpVersionMajor,
  httpVersionMinor,
  headers,
  rawHeaders,
}: RequestHead): HeadRefusal | undefined {
  if (httpVersionMajor < 1) return { status: 505, message: 'Only HTTP/1.1 and HTTP/1.0 are served here' }
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined) {
    if (httpVersionMinor < 1)
      return { status: 400, message: 'HTTP/1.0 has no Transfer-Encoding; send the body with Content-Length' }
    if (encoding.toLowerCase() !== 'chunked') {
      const message = `Transfer-Encoding ${shown(encoding)} is not known here; send the body as chunked, and how it is packed as Content-Encoding`
      return { status: 501, message }
    }
  }
  const { host = '' } = headers
  if (!HOST.test(host)) return { status: 400, message: `Host ${shown(host)} is no host name` }
  if (countHosts(rawHeaders) > 1) return { status: 400, message: 'There is more than one Host header; send one' }
  return undefined
}

/** A name or an address, with its port (RFC 3986 3.2.2); empty where the target has none. */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/
const SHOWN_LENGTH = 80

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count
}

function shown(value: string): string {
  return JSON.stringify(value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value)
}
