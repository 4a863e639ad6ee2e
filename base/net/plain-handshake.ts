// Makes a WebSocket of a plain request to upgrade: the handshake of ws without what it does for every other request, and without writing
// the answer. It does as ws does within (docs/decisions/2026-11-30-first-write.md).
import { hash } from 'node:crypto'
import type { Socket } from 'node:net'
import { WebSocket, type WebSocketServer } from 'ws'
import type { UpgradeRequest } from './plain-upgrade.ts'

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const KEY = /^[+/0-9A-Za-z]{22}==$/

/** What ws keeps to itself and this needs; its version is pinned, and a test fails if it changes. */
type NewWebSocket = new (
  address: null,
  protocols: undefined,
  options: WebSocketServer['options'],
) => WebSocket & {
  setSocket(socket: Socket, head: Buffer, options: WebSocketServer['options']): void
}

export interface Handshake {
  readonly webSocket: WebSocket
  /** Is still to be written, before anything else; ASCII. */
  readonly answer: string
}

/** Undefined = it asks for more, or is faulty, or has ended: ws is to look at it. Messages may be compressed by no server that is given. */
export function shakeHands(
  { options }: WebSocketServer,
  { method, headers }: UpgradeRequest,
  socket: Socket,
  head: Buffer,
): Handshake | undefined {
  const {
    'sec-websocket-key': key = '',
    'sec-websocket-version': version,
    'sec-websocket-protocol': protocol,
  } = headers
  const isPlain = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && version === '13'
  if (!isPlain || protocol !== undefined || !KEY.test(key) || !socket.readable || !socket.writable) return undefined
  const webSocket = new (WebSocket as unknown as NewWebSocket)(null, undefined, options)
  webSocket.setSocket(socket, head, options)
  const accept = hash('sha1', `${key}${GUID}`, 'base64')
  const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  return { webSocket, answer }
}
