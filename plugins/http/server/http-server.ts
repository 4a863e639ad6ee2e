// One address on which requests come, and its end: nobody is refused who is connected already, and nothing is cut that ends in time.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import { shownAddress } from '../../../base/net/shown-address.ts'
import { WebListener } from '../../../base/net/web-listener.ts'
import { Roster } from '../../../base/values/roster.ts'
import type { ServerSettings } from '../config.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { ExchangeServer } from '../exchange/exchange-server.ts'

/** How long clients may use connections that they have after the next generation has taken over; each ends with its next answer. */
export const LINGER_MS = 1_000
/** What is under way when a server is closed may go on for so long. */
export const DRAIN_MS = 8_000

/** The same, and of event streams, where somebody else has taken over without anybody having asked for it: longer than most requests may. */
export const UNASKED = { drainMs: 50_000, streamsMs: 49_000 }

/** For a moment in which no connection waits to be taken, and how long two turns of the event loop may take to count as one. */
const QUIET_MS = 500
const SHORT_TURN_MS = 0.1

export interface HttpServerDeps {
  readonly settings: ServerSettings
  onRequest(server: ExchangeServer, request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void
  /** It failed while it was open. */
  onFailure(error: Error): void
}

export interface DrainOptions {
  readonly lingers: boolean
  readonly drainMs?: number
  readonly streamsMs?: number
}

export class HttpServer implements ExchangeServer {
  readonly running = new Roster<Exchange, 'runningAt'>('runningAt')
  readonly listener: WebListener
  readonly #deps: HttpServerDeps
  #state: 'open' | 'draining' = 'open'

  constructor(deps: HttpServerDeps) {
    this.#deps = deps
    this.listener = new WebListener({
      worker: 'iii-http',
      handshakeTimeoutMs: deps.settings.headTimeoutMs,
      onFailure: (error) => deps.onFailure(error),
    })
    this.applySettings(deps.settings)
  }

  get isDraining(): boolean {
    return this.#state === 'draining'
  }

  get url(): string {
    const { host, port } = this.listener.address
    return urlOf(host, port)
  }

  applySettings({ maxConnections, headTimeoutMs, keepAliveTimeoutMs }: ServerSettings): void {
    this.listener.serve({
      handshakeTimeoutMs: headTimeoutMs,
      keepAliveTimeoutMs,
      // A body is bounded by the time of its request, or by nobody but the handler that streams.
      requestTimeoutMs: 0,
      maxConnections,
      onRequest: (request, response) => this.#deps.onRequest(this, request, response, false),
      onExpectContinue: (request, response) => this.#deps.onRequest(this, request, response, true),
    })
  }

  /**
   * Takes no more connections, and ends those that it has when their requests are answered. What goes on after `drainMs` is cut.
   * @param options.lingers somebody else has the address: clients that are connected may make one more request here.
   * @param options.streamsMs event streams end then, cleanly; default: at once.
   */
  async drain({ lingers, drainMs = DRAIN_MS, streamsMs = 0 }: DrainOptions): Promise<void> {
    this.#state = 'draining'
    const startedAt = performance.now()
    await this.#takeThoseWhoWait()
    this.listener.stopListening({ keepsIdle: lingers })
    const endStreams = (): void => {
      for (const exchange of this.running) exchange.endStream()
    }
    if (streamsMs === 0) endStreams()
    const timer = setTimeout(endStreams, streamsMs)
    if (lingers) await Promise.race([this.listener.whenEmpty(), after(LINGER_MS, undefined, { ref: false })])
    await this.listener.close(drainMs - (performance.now() - startedAt))
    clearTimeout(timer)
  }

  /**
   * Closing resets connections that the system has made and nobody has taken: it comes right after a turn of the event loop in which none
   * was there, and which was over so soon that hardly any can have come since.
   */
  async #takeThoseWhoWait(): Promise<void> {
    const giveUpAt = performance.now() + QUIET_MS
    for (let now = performance.now(); now < giveUpAt;) {
      const before = this.listener.accepted
      const startedAt = now
      // Twice: the first one may come without a look at the sockets.
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      now = performance.now()
      if (this.listener.accepted === before && now - startedAt < SHORT_TURN_MS) return
    }
  }
}

export function urlOf(host: string, port: number): string {
  return `http://${shownAddress(host, port)}`
}
