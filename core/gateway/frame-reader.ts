// Reads the common WebSocket frame without ws's receiver: final, masked, text or binary, and whole within one read of the socket.
// Everything else (control frames, fragments, frames across reads, violations) goes to the receiver byte for byte, which also
// answers pings and closes. A read of many small frames costs a third of what it costs there (docs/decisions/2026-11-20-frame-reader.md).
import { isUtf8 } from 'node:buffer'
import type { Duplex, Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { turnNow } from '../../base/time/turn-clock.ts'
import { noteFullRead } from '../links/flush-turn.ts'

const FINAL_TEXT = 0x81
const FINAL_BINARY = 0x82
const FINAL = 0x80
const OPCODE = 0x0f
const CONTINUATION = 0
/** From this one on they are control frames, which may stand between fragments. */
const FIRST_CONTROL = 8
const MASKED = 0x80
const MASK_BYTES = 4
/** What Node reads from a socket at most in one go. */
const FULL_READ_BYTES = 65_536
/** Two bytes, an extended length of two, and the mask: frames with the eight-byte length are never within one read. */
const MAX_HEADER = 2 + 2 + MASK_BYTES

/** What ws keeps to itself and this needs; the version of ws is pinned, and a test fails if it changes. */
interface Internals {
  readonly _receiver: Writable
}

/** What the reader knows of a message that has begun and is not whole yet. */
export interface UnfinishedMessage {
  /** When that was first seen, on the clock of `performance.now()`; undefined while there is none. */
  since: number | undefined
}

/**
 * Puts the reader between a socket and its WebSocket; `message` events stay as they are.
 * @param maxPayload frames above it are left to the receiver, which refuses them.
 */
export function readFramesDirectly(webSocket: WebSocket, socket: Duplex, maxPayload: number): UnfinishedMessage {
  const unfinished: UnfinishedMessage = { since: undefined }
  const { _receiver: receiver } = webSocket as unknown as Internals
  const passOn = socket.listeners('data')[0] as ((this: Duplex, chunk: Buffer) => void) | undefined
  if (receiver === undefined || passOn === undefined || socket.listenerCount('data') !== 1) return unfinished
  /** Bytes of a frame that the receiver has begun and that are still to come. */
  let owed = 0
  /** Start of a header that the last read ended in. */
  let tail: Buffer | undefined
  /** The receiver has the beginning of a message and waits for the rest: a new one is a violation, which is for it to see. */
  let isFragmented = false

  const read = (fresh: Buffer): void => {
    take(fresh)
    if (owed === 0 && tail === undefined && !isFragmented) unfinished.since = undefined
    else unfinished.since ??= turnNow()
  }
  const take = (fresh: Buffer): void => {
    if (fresh.length >= FULL_READ_BYTES) noteFullRead()
    const chunk = tail === undefined ? fresh : Buffer.concat([tail, fresh])
    tail = undefined
    const end = chunk.length
    let at = Math.min(owed, end)
    if (at > 0 && !receiver.writableEnded && !receiver.destroyed) {
      owed -= at
      passOn.call(socket, at === end ? chunk : chunk.subarray(0, at))
    }
    // After a close frame or a violation ws reads on only to empty the socket.
    while (at < end && !receiver.writableEnded && !receiver.destroyed) {
      const size = frameSize(chunk, at)
      if (size === INCOMPLETE) {
        tail = Buffer.from(chunk.subarray(at))
        return
      }
      const next = at + size
      // What waits in the receiver comes first, and a connection that is closing is the receiver's.
      const direct =
        next <= end &&
        size <= maxPayload &&
        isSimple(chunk, at) &&
        !isFragmented &&
        receiver.writableLength === 0 &&
        webSocket.readyState === 1
      if (direct && emitFrame(webSocket, chunk, at, next)) {
        at = next
        continue
      }
      const first = chunk[at] as number
      const opcode = first & OPCODE
      if (opcode < FIRST_CONTROL && (opcode === CONTINUATION || !isFragmented)) isFragmented = (first & FINAL) === 0
      passOn.call(socket, chunk.subarray(at, Math.min(next, end)))
      owed = Math.max(0, next - end)
      at = Math.min(next, end)
    }
  }
  socket.removeListener('data', passOn)
  socket.on('data', read)
  return unfinished
}

const INCOMPLETE = -1

/** Bytes of the frame that begins here, header included, or INCOMPLETE while the header is. */
function frameSize(chunk: Buffer, at: number): number {
  const available = chunk.length - at
  if (available < 2) return INCOMPLETE
  const second = chunk[at + 1] as number
  const mask = (second & MASKED) === 0 ? 0 : MASK_BYTES
  const length = second & 0x7f
  if (length < 126) return available < 2 + mask ? INCOMPLETE : 2 + mask + length
  if (length === 126) return available < 4 ? INCOMPLETE : 4 + mask + chunk.readUInt16BE(at + 2)
  if (available < 10) return INCOMPLETE
  return 10 + mask + chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6)
}

function isSimple(chunk: Buffer, at: number): boolean {
  const first = chunk[at]
  const second = chunk[at + 1] as number
  return (first === FINAL_TEXT || first === FINAL_BINARY) && (second & MASKED) !== 0 && (second & 0x7f) !== 127
}

/** False = not for this reader after all: the receiver shall close the connection as it does for invalid UTF-8. */
function emitFrame(webSocket: WebSocket, chunk: Buffer, at: number, next: number): boolean {
  const header = ((chunk[at + 1] as number) & 0x7f) === 126 ? MAX_HEADER : 2 + MASK_BYTES
  const start = at + header
  const key = start - MASK_BYTES
  const masked =
    (chunk[key] as number) | (chunk[key + 1] as number) | (chunk[key + 2] as number) | (chunk[key + 3] as number)
  const payload = chunk.subarray(start, next)
  if (masked !== 0) {
    unmask(payload, chunk, key)
    chunk.fill(0, key, start)
  }
  const isBinary = chunk[at] === FINAL_BINARY
  if (!isBinary && !isUtf8(payload)) return false
  webSocket.emit('message', payload, isBinary)
  return true
}

function unmask(payload: Buffer, chunk: Buffer, key: number): void {
  const a = chunk[key] as number
  const b = chunk[key + 1] as number
  const c = chunk[key + 2] as number
  const d = chunk[key + 3] as number
  const whole = payload.length & ~3
  let at = 0
  for (; at < whole; at += 4) {
    payload[at] = (payload[at] as number) ^ a
    payload[at + 1] = (payload[at + 1] as number) ^ b
    payload[at + 2] = (payload[at + 2] as number) ^ c
    payload[at + 3] = (payload[at + 3] as number) ^ d
  }
  if (at < payload.length) payload[at] = (payload[at] as number) ^ a
  if (at + 1 < payload.length) payload[at + 1] = (payload[at + 1] as number) ^ b
  if (at + 2 < payload.length) payload[at + 2] = (payload[at + 2] as number) ^ c
}
