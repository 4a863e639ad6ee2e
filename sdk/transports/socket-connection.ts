// A WebSocket to an engine that is kept up: connects, is greeted, watches that the engine lives, and connects again for ever.
// It knows the greeting of the protocol (spec 01 §3), no other message.
import { BackOff } from '../../base/time/back-off.ts'
import WebSocket from 'ws'
import type { WorkerRegistered } from '../../protocol/messages.ts'
import { answerPings } from '../../base/net/answer-pings.ts'
import { PeerSweep } from '../../base/net/peer-sweep.ts'
import { parseMessage } from './socket-frames.ts'
import type { SocketLimits } from './socket-options.ts'

export interface ConnectionListener {
  /** The engine has greeted: from now on frames can be sent. */
  up(greeting: WorkerRegistered): void
  /** A frame after the greeting. */
  frame(bytes: Buffer): void
  /** Some of what was sent has left, or is lost with its socket. */
  readonly written: () => void
  /** The connection that was up is gone. */
  down(reason: string): void
  /** An attempt to connect failed; the `attempt`-th in a row. */
  failed(reason: string, attempt: number): void
}

export interface SocketConnectionOptions {
  readonly url: string
  readonly limits: SocketLimits
  /** A frame to be sent before everything else, even before the greeting: `reattach`. */
  readonly firstFrame: () => string | undefined
  /** 0 … 1. Default `Math.random`. */
  readonly random?: () => number
}

export class SocketConnection {
  readonly #options: SocketConnectionOptions
  readonly #listener: ConnectionListener
  readonly #backOff: BackOff
  #socket: WebSocket | undefined
  /** The socket is open and greeted. */
  #up = false
  #closed = false
  #problem = 'the engine has not answered yet'
  /** What went wrong with the present socket before it was closed: the close itself says less. */
  #fault: string | undefined
  #reconnect: NodeJS.Timeout | undefined
  #greeting: NodeJS.Timeout | undefined
  #lastSign = 0
  #upSince = 0
  #ended = Promise.resolve()
  readonly #sweep = new PeerSweep(
    [
      {
        ping: () => this.#socket?.ping(),
        isSilent: (forMs, now) => now - this.#lastSign > forMs,
      },
    ],
    () => {
      this.#fault = `it was silent for ${this.#options.limits.idleMs} ms`
      this.#socket?.terminate()
    },
  )

  constructor(options: SocketConnectionOptions, listener: ConnectionListener) {
    this.#options = options
    this.#listener = listener
    const { reconnectMs: firstMs, maxReconnectMs: longestMs, reconnectJitter: jitter } = options.limits
    this.#backOff = new BackOff({ firstMs, longestMs, spread: [1 - jitter, 1 + jitter] }, options.random)
  }

  get up(): boolean {
    return this.#up
  }

  /** Why there is no connection at present. */
  get problem(): string {
    return this.#problem
  }

  get bufferedBytes(): number {
    // What a broken connection has not sent is lost, and waits for nothing.
    return this.#up ? (this.#socket?.bufferedAmount ?? 0) : 0
  }

  open(): void {
    const { url, limits, firstFrame } = this.#options
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: limits.maxFrameBytes,
      handshakeTimeout: limits.handshakeMs,
    })
    this.#socket = socket
    answerPings(socket)
    this.#ended = new Promise((resolve) => socket.once('close', () => resolve()))
    this.#fault = undefined
    this.#greeting = setTimeout(() => {
      this.#fault = `it did not greet as an engine within ${limits.handshakeMs} ms`
      socket.terminate()
    }, limits.handshakeMs)
    const sign = (): void => void (this.#lastSign = performance.now())
    socket.on('open', () => {
      const frame = firstFrame()
      if (frame !== undefined) socket.send(frame)
    })
    socket.on('ping', sign)
    socket.on('pong', sign)
    socket.on('error', (error) => (this.#fault ??= reasonOf(error)))
    socket.on('message', (data: Buffer) => {
      sign()
      if (this.#up) return this.#listener.frame(data)
      const message = parseMessage(data)
      if (message['type'] === 'workerregistered') this.#greeted(message as unknown as WorkerRegistered)
      else if (message['type'] === 'error') this.#fault ??= refusalOf(message)
    })
    socket.on('close', (code, reason) => {
      const text = reason.toString()
      this.#gone(this.#fault ?? `it closed the connection with code ${code}${text === '' ? '' : ` (${text})`}`)
    })
  }

  /** Only while `up`. */
  send(frame: string): void {
    this.#socket?.send(frame, this.#listener.written)
  }

  /** Ends it for good; resolves when the socket is closed. */
  close(): Promise<void> {
    if (this.#closed) return this.#ended
    this.#closed = true
    clearTimeout(this.#reconnect)
    const socket = this.#socket
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return this.#ended
    if (!this.#up) socket.terminate()
    else {
      // 1000: a clean end, nobody waits for this worker to come back.
      socket.close(1000)
      const late = setTimeout(() => socket.terminate(), this.#options.limits.closeMs)
      void this.#ended.then(() => clearTimeout(late))
    }
    return this.#ended
  }

  #greeted(greeting: WorkerRegistered): void {
    clearTimeout(this.#greeting)
    this.#up = true
    this.#upSince = performance.now()
    this.#sweep.start(this.#options.limits)
    this.#listener.up(greeting)
  }

  #gone(reason: string): void {
    clearTimeout(this.#greeting)
    this.#sweep.stop()
    const wasUp = this.#up
    this.#up = false
    this.#problem = reason
    // One that greets and then closes at once is not to be asked many times in a second.
    if (wasUp && performance.now() - this.#upSince >= this.#options.limits.stableMs) this.#backOff.succeeded()
    if (wasUp) this.#listener.down(reason)
    else if (!this.#closed) this.#listener.failed(reason, this.#backOff.failures)
    if (!this.#closed) this.#reconnect = setTimeout(() => this.open(), this.#backOff.failed())
  }
}

/** The engine's auth function has refused the connection. */
function refusalOf({ error }: Readonly<Record<string, unknown>>): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return `it refused the connection: ${String(code)}: ${String(message)}`
}

/** An attempt at several addresses of one name fails with an error without a message. */
function reasonOf(error: Error & { code?: string; errors?: readonly Error[] }): string {
  return error.message || error.errors?.map(({ message }) => message).join(', ') || error.code || 'unknown reason'
}
