// The way out to one client: counts what it has not taken yet and gives it up when that is too much. ws keeps the control frames;
// frames of text go to the socket directly, because the same bytes are for many.
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { UnfinishedMessage } from '../../../base/net/unfinished-message.ts'
import { tooSlow, type CloseReason } from './close-reasons.ts'
import type { ClientLimits } from './limits.ts'

/** How long a peer that does not read may take to come to its close frame after all; then its memory is released. */
const LAST_CHANCE_MS = 5_000

/** Writes that have not been taken as a whole. */
interface Backlog {
  /** Bytes ever written, including these. */
  readonly end: number
  readonly frames: number
}

export class ClientSocket {
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #limits: () => ClientLimits
  readonly #onGivenUp: (reason: CloseReason) => void
  #written = 0
  #backlog: Backlog[] = []
  #frames = 0
  #bytesRead = 0
  #readAt = performance.now()
  readonly #unfinished: UnfinishedMessage

  /** @param onGivenUp this side has begun to close: nothing more is to be written. */
  constructor(
    webSocket: WebSocket,
    socket: Socket,
    limits: () => ClientLimits,
    onGivenUp: (reason: CloseReason) => void,
  ) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#limits = limits
    this.#onGivenUp = onGivenUp
    this.#unfinished = new UnfinishedMessage(webSocket)
  }

  get open(): boolean {
    return this.#webSocket.readyState === 1 && !this.#socket.destroyed
  }

  get remote(): string {
    return addressOf(this.#socket)
  }

  /** Bytes that the system has not taken. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  write(frames: Buffer, count: number): void {
    if (!this.open) return
    const socket = this.#socket
    if (socket.writableLength > 0) {
      this.#settleBacklog()
      const limits = this.#limits()
      // Looked at before the write: a single frame may be as large as it likes, else nobody could get it.
      if (socket.writableLength > limits.max_buffered_bytes || this.#frames > limits.max_buffered_frames)
        return this.close(tooSlow(limits))
    } else if (this.#frames > 0) {
      this.#backlog = []
      this.#frames = 0
    }
    socket.write(frames)
    this.#written += frames.length
    if (socket.writableLength === 0) return
    this.#backlog.push({ end: this.#written, frames: count })
    this.#frames += count
  }

  /** Resolves when the peer has taken what was written, at least to where the socket asks for more; false = not in time. */
  async drained(timeoutMs: number): Promise<boolean> {
    const socket = this.#socket
    if (!socket.writableNeedDrain) return this.open
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const done = (): void => resolve(this.open)
    const timer = setTimeout(() => resolve(false), timeoutMs)
    socket.once('drain', done)
    socket.once('close', done)
    const isDrained = await promise
    clearTimeout(timer)
    socket.off('drain', done)
    socket.off('close', done)
    return isDrained
  }

  ping(): void {
    if (this.open) this.#webSocket.ping()
  }

  /** A whole message of the peer came. */
  messageCame(): void {
    this.#unfinished.messageCame()
  }

  /**
   * Nothing has come from the peer for so long, or not the end of what it has begun. Asked now and then: it is known only from one
   * question to the next.
   */
  isSilent(forMs: number, now: number): boolean {
    const { bytesRead } = this.#socket
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead
      this.#readAt = now
    }
    if (this.#unfinished.isOverdue(forMs, now)) return true
    return now - this.#readAt > forMs && !this.#webSocket.isPaused
  }

  pause(): void {
    if (this.open) this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  close(reason: CloseReason): void {
    if (!this.open) return
    this.#webSocket.close(reason.code, reason.reason)
    // Else the peer's answer to the close frame would not be read.
    this.#webSocket.resume()
    this.#backlog = []
    const timer = setTimeout(() => this.terminate(), LAST_CHANCE_MS)
    timer.unref()
    this.#socket.once('close', () => clearTimeout(timer))
    this.#onGivenUp(reason)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  #settleBacklog(): void {
    const taken = this.#written - this.#socket.writableLength
    let gone = 0
    while (gone < this.#backlog.length && this.#backlog[gone]!.end <= taken)
      this.#frames -= this.#backlog[gone++]!.frames
    if (gone > 0) this.#backlog.splice(0, gone)
  }
}

/** `ip:port`, an IPv6 address in brackets (spec 02 §6.6). */
export function addressOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  const ip = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return `${ip.includes(':') ? `[${ip}]` : ip}:${remotePort}`
}
