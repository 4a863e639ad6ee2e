// Reads requests to upgrade to a WebSocket of the shape that clients send: one read holds the whole head and nothing behind it, and each
// header stands on one line, once, in printable ASCII. Node's parser and its streams for a request take longer than all the rest of a
// handshake. Whatever looks different in any way is for Node's parser, which knows what HTTP permits
// (docs/decisions/2026-11-29-plain-upgrades.md). Pure.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** What is looked at of a request to upgrade, whoever has read it. */
export type UpgradeRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders' | 'socket'>

/** Above it a head is left to Node's parser, which has the limits. */
const MAX_HEAD_BYTES = 8 * 1024
// No two parts of it can match the same text, so that it takes one pass however the text goes on.
const HEAD = /^GET (\/[\x21-\x7e]*) HTTP\/1\.1\r\n((?:[A-Za-z0-9-]+:[\x20-\x7e]*\r\n)+)\r\n$/
/** These may say that more than the head belongs to the request, or have values of another form. */
const LEFT_TO_NODE = ['content-length', 'transfer-encoding', 'trailer', 'expect', 'set-cookie']

/** @param chunk the first that came. Undefined = it is something else. */
export function readPlainUpgrade(chunk: Buffer, socket: Socket): UpgradeRequest | undefined {
  if (chunk.length > MAX_HEAD_BYTES) return undefined
  const [, url, lines] = HEAD.exec(chunk.latin1Slice()) ?? []
  if (url === undefined || lines === undefined) return undefined
  const headers: Record<string, string> = {}
  const rawHeaders: string[] = []
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    const written = lines.slice(at, colon)
    const name = written.toLowerCase()
    // Also what every object has, such as `constructor`.
    if (name in headers) return undefined
    const value = lines.slice(colon + 1, end).trim()
    headers[name] = value
    rawHeaders.push(written, value)
    at = end + 2
  }
  if (headers['upgrade']?.toLowerCase() !== 'websocket' || headers['connection']?.toLowerCase() !== 'upgrade')
    return undefined
  if (headers['host'] === undefined || LEFT_TO_NODE.some((name) => name in headers)) return undefined
  return { method: 'GET', url, headers, rawHeaders, socket }
}
