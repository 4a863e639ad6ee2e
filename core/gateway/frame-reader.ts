// Reads the common WebSocket frame without ws's receiver: final, masked, text or binary, and whole within one read of the socket.
// Everything else (control frames, fragments, frames across reads, violations) goes to the receiver byte for byte, unmasked, which also
// answers pings and closes. A read of many small frames costs a third of what it costs there (docs/decisions/2026-11-20-frame-reader.md).
import { isUtf8 } from 'node:buffer'
import { Duplex, type Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { shareReadMemory } from '../../base/net/shared-read-memory.ts'
import { turnNow } from '../../base/time/turn-clock.ts'
import { flushAfter } from '../links/flush-turn.ts'
import {
  FINAL_BINARY,
  FINAL_TEXT,
  frameSize,
  headerSize,
  INCOMPLETE,
  isSimple,
  MASK_BYTES,
  unmaskFrame,
} from './frame-header.ts'
import { GatheredFrame } from './gathered-frame.ts'
import { unmask } from './unmask.ts'

const FINAL = 0x80
const OPCODE = 0x0f
const CONTINUATION = 0
/** From this one on they are control frames, which may stand between fragments. */
const FIRST_CONTROL = 8

/** A read of less is no part of a bulk, whose bytes are better not copied. */
const SMALL_READ_BYTES = 4 * 1024
/** After so many in a row a socket is read into memory that it shares. */
const MANY_SMALL_READS = 16

/** What ws keeps to itself and this needs; the version of ws is pinned, and a test fails if it changes. */
interface Internals {
  readonly _receiver: Writable
  /** Set when the peer's close frame has come, which ws tells of only when the socket has ended: the peer's affair. */
  readonly _closeFrameReceived: boolean
  readonly _closeCode: number
}

/** Whose frames are read. */
export interface FrameReaderOwner {
  /**
   * Binary frames that come in several reads are put together in lent memory; the `message` event has the region as its third argument, to
   * be given back. For bulk: fresh memory for each is what most of the time would go into. Default false.
   */
  readonly takesLent?: boolean
  /**
   * Offered each small text frame as it came, masked: `[start, end)` of the read. True = it was taken, and there is no `message` event.
   * @param key the mask as a number whose lowest byte is for the byte at `start`.
   */
  takeRepeated?(bytes: Buffer, start: number, end: number, key: number): boolean
  /** The bytes of the last read are not needed any more. */
  readOver?(): void
  /** The peer's close frame came. */
  closed(code: number): void
}

/** Under which a socket knows its reader: one function listens on all of them, and takes no room in each. */
const READER = Symbol('frame reader')

interface Read extends Duplex {
  readonly [READER]: FrameReader
}

type PassOn = (this: Duplex, chunk: Buffer) => void

/**
 * Puts the reader between a socket and its WebSocket; `message` events stay as they are.
 * @param maxPayload frames above it are left to the receiver, which refuses them.
 */
export function readFramesDirectly(
  webSocket: WebSocket,
  socket: Duplex,
  maxPayload: number,
  owner: FrameReaderOwner,
): FrameReader {
  const passOn = socket.listeners('data')[0] as PassOn
  const reader = new FrameReader(webSocket, socket, passOn, maxPayload, owner)
  Object.assign(socket, { [READER]: reader, push })
  socket.removeListener('data', passOn)
  socket.on('data', read as (chunk: Buffer) => void)
  return reader
}

function read(this: Read, chunk: Buffer): void {
  const reader = this[READER]
  reader.read(chunk)
  if (reader.hasReadLittle(chunk.length)) shareReadMemory(this)
}

/**
 * Node's sockets push what they have read. While nobody has paused the stream it would hand it on as it is, and ask for more on a later
 * tick, which it need not: a socket goes on reading (docs/decisions/2026-11-30-reads-past-the-stream.md).
 */
function push(this: Read, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const isPassedOn = this.readableFlowing === true && this.readableLength === 0 && this.listenerCount('data') === 1
  if (chunk === null || !isPassedOn) return Duplex.prototype.push.call(this, chunk, encoding)
  read.call(this, chunk)
  return true
}

export class FrameReader {
  readonly #webSocket: WebSocket & Internals
  readonly #socket: Duplex
  readonly #passOn: PassOn
  readonly #maxPayload: number
  readonly #owner: FrameReaderOwner
  /** Bytes of a frame that the receiver has begun and that are still to come. */
  #owed = 0
  /** Mask of these, turned to the next byte; 0 = they are not masked. */
  #owedKey = 0
  /** A frame that is put together here, and of which a part is still to come. */
  #gathered: GatheredFrame | undefined
  /** Start of a header that the last read ended in. */
  #tail: Buffer | undefined
  /** The receiver has the beginning of a message and waits for the rest: a new one is a violation, which is for it to see. */
  #isFragmented = false
  #isConcluded = false
  /** When a message was first seen that has begun and is not whole yet; undefined while there is none. As `lastFrameAt`. */
  #unfinishedSince: number | undefined
  /** When the last frame of any kind came, on the clock of `performance.now()`. */
  lastFrameAt = performance.now()
  #onNextFrame: (() => void) | undefined
  /** In a row, until they are many. */
  #smallReads = 0

  constructor(webSocket: WebSocket, socket: Duplex, passOn: PassOn, maxPayload: number, owner: FrameReaderOwner) {
    this.#webSocket = webSocket as WebSocket & Internals
    this.#socket = socket
    this.#passOn = passOn
    this.#maxPayload = maxPayload
    this.#owner = owner
  }

  /** True once, when so many small reads have come in a row, `bytes` being the last: for those it pays to share the memory. */
  hasReadLittle(bytes: number): boolean {
    if (this.#smallReads === MANY_SMALL_READS) return false
    this.#smallReads = bytes <= SMALL_READ_BYTES ? this.#smallReads + 1 : 0
    return this.#smallReads === MANY_SMALL_READS
  }

  /** Calls back once, when the next frame of any kind comes. */
  onNextFrame(callback: () => void): void {
    this.#onNextFrame = callback
  }

  /** True when no frame came for that long, or a message has been coming for so long, although the socket was read. */
  isSilent(ms: number, now: number, isRead: boolean): boolean {
    if (!isRead) this.lastFrameAt = now
    // Pongs between the fragments of a message that never ends are no sign of life.
    return this.isStuck(ms, now, isRead) || now - this.lastFrameAt > ms
  }

  /** True when a message has been coming for that long although the socket was read. */
  isStuck(ms: number, now: number, isRead: boolean): boolean {
    if (this.#unfinishedSince === undefined) return false
    if (!isRead) this.#unfinishedSince = now
    return now - this.#unfinishedSince > ms
  }

  read(chunk: Buffer): void {
    flushAfter(() => this.#take(chunk), chunk.length)
    this.#owner.readOver?.()
    if (this.#owed === 0 && this.#gathered === undefined && this.#tail === undefined && !this.#isFragmented)
      this.#unfinishedSince = undefined
    else this.#unfinishedSince ??= turnNow()
  }

  #take(fresh: Buffer): void {
    const chunk = this.#tail === undefined ? fresh : Buffer.concat([this.#tail, fresh])
    this.#tail = undefined
    const webSocket = this.#webSocket
    const { _receiver: receiver } = webSocket
    const end = chunk.length
    let at = Math.min(this.#owed, end)
    if (this.#gathered !== undefined) {
      const gathered = this.#gathered
      at = gathered.take(chunk, 0)
      if (!gathered.isFull) return
      this.#gathered = undefined
      this.#frameCame()
      this.#emitGathered(gathered)
    }
    if (this.#owed > 0 && !isOver(receiver)) {
      this.#owed -= at
      if (this.#owed === 0) this.#frameCame()
      if (this.#owedKey !== 0) this.#owedKey = unmask(chunk, 0, at, this.#owedKey)
      this.#hand(at === end ? chunk : chunk.subarray(0, at))
    }
    // After a close frame or a violation ws reads on only to empty the socket.
    while (at < end && !isOver(receiver)) {
      const size = frameSize(chunk, at)
      if (size === INCOMPLETE) {
        this.#tail = Buffer.from(chunk.subarray(at))
        return
      }
      const next = at + size
      if (next <= end) this.#frameCame()
      // What waits in the receiver comes first, and a connection that is closing is the receiver's.
      const isOurs =
        size <= this.#maxPayload && !this.#isFragmented && receiver.writableLength === 0 && webSocket.readyState === 1
      if (
        isOurs &&
        next <= end &&
        isSimple(chunk, at) &&
        (this.#isRepeated(chunk, at, next) || emitFrame(webSocket, chunk, at, next))
      ) {
        at = next
        continue
      }
      if (isOurs && next > end) {
        this.#gathered = GatheredFrame.begin(chunk, at, size, this.#owner.takesLent === true)
        if (this.#gathered !== undefined) return
      }
      const first = chunk[at] as number
      const opcode = first & OPCODE
      if (opcode < FIRST_CONTROL && (opcode === CONTINUATION || !this.#isFragmented))
        this.#isFragmented = (first & FINAL) === 0
      this.#owedKey = unmaskFrame(chunk, at, Math.min(next, end))
      this.#owed = Math.max(0, next - end)
      this.#hand(chunk.subarray(at, Math.min(next, end)))
      at = Math.min(next, end)
    }
  }

  #isRepeated(chunk: Buffer, at: number, next: number): boolean {
    const owner = this.#owner
    if (owner.takeRepeated === undefined || chunk[at] !== FINAL_TEXT) return false
    const start = at + headerSize(chunk, at)
    return owner.takeRepeated(chunk, start, next, chunk.readInt32LE(start - MASK_BYTES))
  }

  #frameCame(): void {
    this.lastFrameAt = turnNow()
    // What is unfinished at the end of this read has begun in it: reads of a busy socket end within a frame every time.
    if (!this.#isFragmented) this.#unfinishedSince = undefined
    const callback = this.#onNextFrame
    if (callback === undefined) return
    this.#onNextFrame = undefined
    callback()
  }

  #emitGathered({ header, payload, isBinary, region }: GatheredFrame): void {
    if (isBinary || isUtf8(payload)) {
      this.#webSocket.emit('message', payload, isBinary, region)
      return
    }
    // The receiver closes the connection for it.
    this.#hand(header)
    this.#hand(payload)
  }

  /** To the receiver of ws. */
  #hand(bytes: Buffer): void {
    this.#passOn.call(this.#socket, bytes)
    const { _closeFrameReceived: isClosing, _closeCode: code } = this.#webSocket
    if (!isClosing || this.#isConcluded) return
    this.#isConcluded = true
    this.#owner.closed(code)
  }
}

/** After a close frame, or a violation: that the receiver is destroyed for it comes only in the next turn. */
function isOver({ writableEnded, errored, destroyed }: Writable): boolean {
  return writableEnded || errored !== null || destroyed
}

/** False = not for this reader after all: the receiver shall close the connection as it does for invalid UTF-8. */
function emitFrame(webSocket: WebSocket, chunk: Buffer, at: number, next: number): boolean {
  unmaskFrame(chunk, at, next)
  const payload = chunk.subarray(at + headerSize(chunk, at), next)
  const isBinary = chunk[at] === FINAL_BINARY
  if (!isBinary && !isUtf8(payload)) return false
  webSocket.emit('message', payload, isBinary)
  return true
}
