// Reads the common WebSocket frame without ws's receiver: final, masked, text or binary, and whole within one read of the socket or of
// 16 to 256 KiB. Everything else (control frames, fragments, other frames across reads, violations) goes to the receiver byte for byte,
// unmasked, which also answers pings and closes. A read of many small frames costs a third of what it costs there
// (docs/decisions/2026-11-20-frame-reader.md).
import { isUtf8 } from 'node:buffer'
import { Duplex, type Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { shareReadMemory } from '../../base/net/shared-read-memory.ts'
import type { Region } from '../../protocol/slabs.ts'
import { turnNow } from '../../base/time/turn-clock.ts'
import { flushAfter, readBegins, readEnds } from '../links/flush-turn.ts'
import {
  FINAL_BINARY,
  FINAL_TEXT,
  frameSize,
  headerSize,
  INCOMPLETE,
  isSimple,
  maskBefore,
  unmaskFrame,
} from './frame-header.ts'
import { GatheredFrame, MIN_OWN_BYTES } from './gathered-frame.ts'
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
  /** Gets what is read here without a `message` event; what the receiver reads comes as one all the same. */
  messageCame?(payload: Buffer, isBinary: boolean): void
  /** The bytes of the last read are not needed any more. */
  readOver?(): void
  /** The peer's close frame came. */
  closed(code: number): void
}

/** Under which a socket knows its reader: one function listens on all of them, and takes no room in each. */
const READER = Symbol('frame reader')

interface Read extends Duplex {
  [READER]: FrameReader
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
  // Not by `Object.assign`, which takes longer than all the rest here.
  const owned = socket as Read
  owned[READER] = reader
  owned.push = push
  socket.removeListener('data', passOn)
  socket.on('data', read as (chunk: Buffer) => void)
  socket.prependListener('close', readRest as () => void)
  return reader
}

function read(this: Read, chunk: Buffer): void {
  const reader = this[READER]
  reader.read(chunk)
  if (reader.gainsBySharing(chunk.length)) shareReadMemory(this, takeFirst)
}

/**
 * What still waits in a paused stream when its socket closes. WebSockets hand it to their receiver themselves, which has not seen what
 * it goes on with.
 */
function readRest(this: Read): void {
  const rest = this.readableLength === 0 ? null : (this.read(this.readableLength) as Buffer | null)
  if (rest !== null) this[READER].read(rest)
}

function takeFirst(this: Read, memory: Buffer, length: number): number {
  return isPassedOn(this) ? this[READER].readLarge(memory, length) : 0
}

function isPassedOn(socket: Duplex): boolean {
  return socket.readableFlowing === true && socket.readableLength === 0 && socket.listenerCount('data') === 1
}

/**
 * Node's sockets push what they have read. While nobody has paused the stream it would hand it on as it is, and ask for more on a later
 * tick, which it need not: a socket goes on reading (docs/decisions/2026-11-30-reads-past-the-stream.md).
 */
function push(this: Read, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  if (chunk === null || !isPassedOn(this)) return Duplex.prototype.push.call(this, chunk, encoding)
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

  /** True once, after a read of so many bytes: when many small ones have come in a row, or a large frame is being put together. */
  gainsBySharing(bytes: number): boolean {
    if (this.#smallReads === MANY_SMALL_READS) return false
    if (this.#gathered !== undefined && !this.#gathered.takesLent) this.#smallReads = MANY_SMALL_READS
    else this.#smallReads = bytes <= SMALL_READ_BYTES ? this.#smallReads + 1 : 0
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
    const before = readBegins()
    try {
      this.#take(chunk)
    } finally {
      readEnds(before, chunk.length)
    }
    this.#over()
  }

  /**
   * Takes large frames, and parts of them, from the beginning of a read of `length` bytes whose memory is not to be kept. Returns where
   * the rest begins, which `read` is for.
   */
  readLarge(memory: Buffer, length: number): number {
    if (this.#gathered === undefined && length < MIN_OWN_BYTES) return 0
    const chunk = length === memory.length ? memory : memory.subarray(0, length)
    if (this.#gathered === undefined && this.#largeSize(chunk, 0) === 0) return 0
    let at = 0
    flushAfter(() => {
      at = this.#takeLarge(chunk)
    }, length)
    this.#over()
    return at
  }

  #over(): void {
    this.#owner.readOver?.()
    if (this.#owed === 0 && this.#gathered === undefined && this.#tail === undefined && !this.#isFragmented)
      this.#unfinishedSince = undefined
    else this.#unfinishedSince ??= turnNow()
  }

  #takeLarge(chunk: Buffer): number {
    let at = this.#goOn(chunk)
    // A frame that pauses the socket is the last one: the rest waits in the stream.
    while (at < chunk.length && isPassedOn(this.#socket)) {
      const size = this.#largeSize(chunk, at)
      const frame = size === 0 ? undefined : GatheredFrame.begin(chunk, at, size, this.#owner.takesLent === true)
      if (frame === undefined) break
      at = Math.min(chunk.length, at + size)
      if (frame.isFull) this.#emitGathered(frame)
      else this.#gathered = frame
    }
    return at
  }

  /** Bytes of the frame that begins here, header included; 0 = it is not a large one, or not for this reader. */
  #largeSize(chunk: Buffer, at: number): number {
    const size = frameSize(chunk, at)
    return size >= MIN_OWN_BYTES && this.#isNextOurs(size) ? size : 0
  }

  /** Goes on with the frame that is being put together, if there is one. Returns where the rest of the chunk begins. */
  #goOn(chunk: Buffer): number {
    const gathered = this.#gathered
    if (gathered === undefined) return 0
    const at = gathered.take(chunk, 0)
    if (gathered.isFull) {
      this.#gathered = undefined
      this.#emitGathered(gathered)
    }
    return at
  }

  /** What waits in the receiver comes first, and a connection that is closing is the receiver's. */
  #isNextOurs(size: number): boolean {
    const { _receiver: receiver, readyState } = this.#webSocket
    return (
      size <= this.#maxPayload &&
      this.#owed === 0 &&
      this.#tail === undefined &&
      !this.#isFragmented &&
      receiver.writableLength === 0 &&
      readyState === 1
    )
  }

  #take(fresh: Buffer): void {
    const chunk = this.#tail === undefined ? fresh : Buffer.concat([this.#tail, fresh])
    this.#tail = undefined
    const webSocket = this.#webSocket
    const { _receiver: receiver } = webSocket
    const end = chunk.length
    let at = this.#gathered === undefined ? Math.min(this.#owed, end) : this.#goOn(chunk)
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
      const isOurs = this.#isNextOurs(size)
      if (
        isOurs &&
        next <= end &&
        isSimple(chunk, at) &&
        (this.#isRepeated(chunk, at, next) || this.#emitFrame(chunk, at, next))
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
    return owner.takeRepeated(chunk, start, next, maskBefore(chunk, start))
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
    this.#frameCame()
    if (isBinary || isUtf8(payload)) {
      this.#emit(payload, isBinary, region)
      return
    }
    // The receiver closes the connection for it.
    this.#hand(header)
    this.#hand(payload)
  }

  /** False = not for this reader after all: the receiver shall close the connection as it does for invalid UTF-8. */
  #emitFrame(chunk: Buffer, at: number, next: number): boolean {
    unmaskFrame(chunk, at, next)
    const payload = chunk.subarray(at + headerSize(chunk, at), next)
    const isBinary = chunk[at] === FINAL_BINARY
    if (!isBinary && !isUtf8(payload)) return false
    this.#emit(payload, isBinary, undefined)
    return true
  }

  #emit(payload: Buffer, isBinary: boolean, region: Region | undefined): void {
    const owner = this.#owner
    if (owner.messageCame !== undefined) owner.messageCame(payload, isBinary)
    else this.#webSocket.emit('message', payload, isBinary, region)
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
