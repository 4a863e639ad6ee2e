// WebSockets in browsers: the native ones, which have no pings, no pause, and do not say when something has left.
import { textOf } from './socket-frames.ts'
import { readTextFrame } from './text-frame.ts'
import type { Frame, PlatformSocket, SocketListener, SocketPlatform } from './socket-platform.ts'

/** How often it is looked whether something that was sent has left, while something waits. */
const POLL_MS = 5
const page = globalThis as {
  addEventListener?(event: string, listener: () => void): void
  removeEventListener?(event: string, listener: () => void): void
}
const NORMAL = 1000
const ABNORMAL = 1006

export const BROWSER_SOCKETS: SocketPlatform = {
  // Headers can't be sent from a page, and the browser has a time-out of its own; frames are limited by the engine.
  open: (url, { handshakeMs }, listener) => new BrowserSocket(url, handshakeMs, listener),
  read: (frame: Frame) => readTextFrame(textOf(frame)),
  about: () => ({ runtime: 'browser', os: globalThis.navigator?.userAgent ?? 'unknown' }),
  onOnline(listener) {
    page.addEventListener?.('online', listener)
    return () => page.removeEventListener?.('online', listener)
  },
}

interface Unwritten {
  /** Bytes that had been sent altogether when it was sent. */
  readonly upTo: number
  readonly written: (error?: Error | null) => void
}

class BrowserSocket implements PlatformSocket {
  readonly #socket: WebSocket
  readonly #listener: SocketListener
  readonly #handshake: ReturnType<typeof setTimeout>
  #unwritten: Unwritten[] = []
  #sent = 0
  #poll: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(url: string, handshakeMs: number, listener: SocketListener) {
    this.#listener = listener
    const socket = new WebSocket(url)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    this.#handshake = setTimeout(
      () => this.#gone(ABNORMAL, '', `it did not open within ${handshakeMs} ms`),
      handshakeMs,
    )
    socket.addEventListener('open', () => {
      clearTimeout(this.#handshake)
      if (!this.#isClosed) listener.opened()
    })
    socket.addEventListener('message', ({ data }: { data: string | ArrayBuffer }) => {
      if (this.#isClosed) return
      if (typeof data === 'string') listener.text(data)
      else listener.binary(new Uint8Array(data))
    })
    // A page is not told what went wrong.
    socket.addEventListener('close', ({ code, reason }) => this.#gone(code, reason))
  }

  get state(): PlatformSocket['state'] {
    if (this.#isClosed) return 'closed'
    const { readyState } = this.#socket
    return readyState === 0 ? 'connecting' : readyState === 1 ? 'open' : 'closed'
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(item: string | Uint8Array, written?: (error?: Error | null) => void): void {
    const socket = this.#socket
    const before = socket.bufferedAmount
    socket.send(item as string)
    this.#sent += socket.bufferedAmount - before
    if (written === undefined) return
    this.#unwritten.push({ upTo: this.#sent, written })
    this.#poll ??= setTimeout(this.#look, 0)
  }

  ping(): void {
    this.#socket.send('{"type":"ping"}')
  }

  close(code?: number, reason?: string): void {
    // Only these may be said by a page.
    if (code === NORMAL || (code !== undefined && code >= 3000)) this.#socket.close(code, reason)
    else this.#socket.close()
  }

  terminate(): void {
    this.#gone(ABNORMAL, '')
  }

  pause(): void {}

  resume(): void {}

  /** Once, and without waiting for a browser that may take minutes to notice. */
  #gone(code: number, reason: string, fault?: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#handshake)
    clearTimeout(this.#poll)
    this.#socket.close()
    const lost = new Error('the connection is closed')
    for (const { written } of this.#unwritten.splice(0)) written(lost)
    this.#listener.closed(code, reason, fault)
  }

  readonly #look = (): void => {
    const left = this.#sent - this.#socket.bufferedAmount
    let count = 0
    while (count < this.#unwritten.length && this.#unwritten[count]!.upTo <= left) count++
    const written = this.#unwritten.splice(0, count)
    this.#poll = this.#unwritten.length === 0 ? undefined : setTimeout(this.#look, POLL_MS)
    for (const each of written) each.written()
  }
}
