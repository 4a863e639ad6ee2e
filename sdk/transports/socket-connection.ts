// A WebSocket to an engine that is kept up: connects, is greeted, watches that the engine lives, and connects again.
// It knows the greeting of the protocol (spec 01 §3), no other message.
import { BackOff } from '../../base/time/back-off.ts'
import type { WorkerRegistered } from '../../protocol/messages.ts'
import { PeerSweep } from '../../base/net/peer-sweep.ts'
import { parseMessage } from './socket-frames.ts'
import type { ConnectionState, SocketLimits } from './socket-options.ts'
import type { Frame, PlatformSocket, SocketPlatform } from './socket-platform.ts'

export interface ConnectionListener {
  /** The engine has greeted: from now on frames can be sent. */
  up(greeting: WorkerRegistered): void
  /** A frame after the greeting. */
  frame(frame: Frame): void
  /** Some of what was sent has left, or is lost with its socket. */
  readonly written: () => void
  /** The connection that was up is gone. */
  down(reason: string): void
  /** An attempt to connect failed; the `attempt`-th in a row. */
  failed(reason: string, attempt: number): void
  /** No attempt will be made any more. */
  givenUp(): void
  state(state: ConnectionState): void
}

export interface SocketConnectionOptions {
  readonly url: string
  readonly platform: SocketPlatform
  readonly limits: SocketLimits
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A frame to be sent before everything else, even before the greeting: `reattach`. */
  readonly firstFrame: () => string | undefined
  /** 0 … 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** Between two attempts, whatever the settings say: without a wait the engine would be asked without pause. */
const LEAST_WAIT_MS = 10

type Timer = ReturnType<typeof setTimeout>

export class SocketConnection {
  readonly #options: SocketConnectionOptions
  readonly #listener: ConnectionListener
  readonly #backOff: BackOff
  #state: ConnectionState = 'disconnected'
  #socket: PlatformSocket | undefined
  #problem = 'the engine has not answered yet'
  /** What went wrong with the present socket before it was closed: the close itself says less. */
  #fault: string | undefined
  #isClosed = false
  #reconnect: Timer | undefined
  #greeting: Timer | undefined
  #lastSign = 0
  #upSince = 0
  #ended = Promise.resolve()
  #unwatch: (() => void) | undefined
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
    const { reconnectMs, maxReconnectMs: longestMs, reconnectFactor: factor, reconnectJitter: jitter } = options.limits
    this.#backOff = new BackOff(
      { firstMs: reconnectMs, longestMs, factor, spread: [1 - jitter, 1 + jitter] },
      options.random,
    )
  }

  get state(): ConnectionState {
    return this.#state
  }

  get up(): boolean {
    return this.#state === 'connected'
  }

  /** Why there is no connection at present. */
  get problem(): string {
    return this.#problem
  }

  get bufferedBytes(): number {
    // What a broken connection has not sent is lost, and waits for nothing.
    return this.up ? (this.#socket?.bufferedBytes ?? 0) : 0
  }

  /** Begins. Throws when the address is none. */
  open(): void {
    this.#unwatch = this.#options.platform.onOnline?.(() => this.#retryNow())
    this.#connect()
  }

  /** Only while `up`. */
  send(frame: string | Uint8Array): void {
    this.#socket?.send(frame, this.#listener.written)
  }

  /** Ends it for good; resolves when the socket is closed. */
  close(): Promise<void> {
    this.#end('disconnected', 1000)
    return this.#ended
  }

  /** Ends it for good because going on is of no use. */
  fail(reason: string): void {
    if (this.#isClosed) return
    this.#problem = reason
    this.#end('failed')
  }

  #end(state: 'disconnected' | 'failed', code?: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unwatch?.()
    clearTimeout(this.#reconnect)
    const socket = this.#socket
    if (socket !== undefined && socket.state !== 'closed') {
      if (!this.up) socket.terminate()
      else {
        // 1000: a clean end, nobody waits for this worker to come back.
        socket.close(code)
        const late = setTimeout(() => socket.terminate(), this.#options.limits.closeMs)
        void this.#ended.then(() => clearTimeout(late))
      }
    }
    this.#enter(state)
  }

  #connect(): void {
    const { url, limits, headers, platform, firstFrame } = this.#options
    const ended = Promise.withResolvers<void>()
    this.#ended = ended.promise
    this.#fault = undefined
    this.#enter('connecting')
    const socket = platform.open(
      url,
      {
        maxFrameBytes: limits.maxFrameBytes,
        handshakeMs: limits.handshakeMs,
        ...(headers === undefined ? {} : { headers }),
      },
      {
        opened: () => {
          const frame = firstFrame()
          if (frame !== undefined) socket.send(frame)
        },
        sign: () => this.#sign(),
        text: (frame) => this.#receive(frame),
        binary: (frame) => this.#receive(frame),
        closed: (code, reason, fault) => {
          ended.resolve()
          const closed = `it closed the connection with code ${code}${reason === '' ? '' : ` (${reason})`}`
          this.#gone(this.#fault ?? fault ?? closed)
        },
      },
    )
    this.#socket = socket
    this.#greeting = setTimeout(() => {
      this.#fault = `it did not greet as an engine within ${limits.handshakeMs} ms`
      socket.terminate()
    }, limits.handshakeMs)
  }

  #sign(): void {
    this.#lastSign = performance.now()
  }

  #receive(frame: Frame): void {
    this.#sign()
    if (this.up) return this.#listener.frame(frame)
    if (this.#isClosed) return
    const message = parseMessage(frame)
    if (message['type'] === 'workerregistered') this.#greeted(message as unknown as WorkerRegistered)
    else if (message['type'] === 'error') this.#fault ??= refusalOf(message)
  }

  #greeted(greeting: WorkerRegistered): void {
    clearTimeout(this.#greeting)
    this.#upSince = performance.now()
    this.#sweep.start(this.#options.limits)
    this.#state = 'connected'
    this.#listener.up(greeting)
    this.#listener.state('connected')
  }

  #gone(reason: string): void {
    clearTimeout(this.#greeting)
    this.#sweep.stop()
    if (this.#isClosed) return
    const wasUp = this.up
    this.#problem = reason
    // One that greets and then closes at once is not to be asked many times in a second.
    if (wasUp && performance.now() - this.#upSince >= this.#options.limits.stableMs) this.#backOff.succeeded()
    this.#enter('disconnected')
    if (wasUp) this.#listener.down(reason)
    else this.#listener.failed(reason, this.#backOff.failures)
    // Whoever heard of it may have closed the connection.
    if (!this.#isClosed) this.#tryAgain()
  }

  #tryAgain(): void {
    const { maxRetries } = this.#options.limits
    if (this.#backOff.failures >= maxRetries) {
      const attempts = maxRetries === 1 ? 'one further attempt was' : `${maxRetries} further attempts were`
      this.fail(`${this.#problem}; ${attempts} made, and no more are`)
      return this.#listener.givenUp()
    }
    this.#reconnect = setTimeout(() => this.#connect(), Math.max(this.#backOff.failed(), LEAST_WAIT_MS))
    this.#enter('reconnecting')
  }

  /** There may be a network again: to wait for the next attempt would be for nothing. */
  #retryNow(): void {
    if (this.#state !== 'reconnecting') return
    clearTimeout(this.#reconnect)
    this.#connect()
  }

  #enter(state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    this.#listener.state(state)
  }
}

/** The engine's auth function has refused the connection. */
function refusalOf({ error }: Readonly<Record<string, unknown>>): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return `it refused the connection: ${String(code)}: ${String(message)}`
}
