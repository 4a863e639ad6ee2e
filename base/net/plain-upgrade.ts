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

/** Only shorter heads are known again. */
const MAX_KNOWN_BYTES = 1024
const KEY_NAME = 'sec-websocket-key'
const KEY = /^[+/0-9A-Za-z]{22}==$/
const KEY_LENGTH = 24

/** The last head that was read, around its key: those of a fleet of workers differ in nothing else. */
interface KnownHead {
  readonly before: string
  readonly after: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  /** Of the key, in `rawHeaders`. */
  readonly keyIndex: number
}
let known: KnownHead | undefined

/** @param chunk the first that came. Undefined = it is something else. */
export function readPlainUpgrade(chunk: Buffer, socket: Socket): UpgradeRequest | undefined {
  if (chunk.length > MAX_HEAD_BYTES) return undefined
  const text = chunk.latin1Slice()
  return readKnown(text, socket) ?? readHead(text, socket)
}

function readKnown(text: string, socket: Socket): UpgradeRequest | undefined {
  if (known === undefined) return undefined
  const { before, after, url, headers, rawHeaders, keyIndex } = known
  const keyEnd = before.length + KEY_LENGTH
  if (text.length !== keyEnd + after.length || !text.startsWith(before) || !text.endsWith(after)) return undefined
  const key = text.slice(before.length, keyEnd)
  if (!KEY.test(key)) return undefined
  return {
    method: 'GET',
    url,
    headers: { ...headers, [KEY_NAME]: key },
    rawHeaders: rawHeaders.with(keyIndex, key),
    socket,
  }
}

function know(text: string, { headers, rawHeaders }: UpgradeRequest, url: string): void {
  const key = headers[KEY_NAME]
  if (text.length > MAX_KNOWN_BYTES || key === undefined || !KEY.test(key)) return
  const [before, after, ...more] = text.split(key)
  // Where it stands elsewhere as well it is more than the key.
  if (before === undefined || after === undefined || more.length > 0) return
  const keyIndex = rawHeaders.indexOf(key)
  known = {
    before,
    after,
    url,
    headers: { ...(headers as Record<string, string>) },
    rawHeaders: [...rawHeaders],
    keyIndex,
  }
}

function readHead(text: string, socket: Socket): UpgradeRequest | undefined {
  const [, url, lines] = HEAD.exec(text) ?? []
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
  const request: UpgradeRequest = { method: 'GET', url, headers, rawHeaders, socket }
  know(text, request, url)
  return request
}
