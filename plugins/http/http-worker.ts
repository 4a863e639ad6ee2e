// `iii-http` while it runs: its routes, its server, and what the host may ask of them (spec 06 part A).
import { setTimeout as after } from 'node:timers/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AddressError } from '../../base/net/address-error.ts'
import { systemClock } from '../../base/time/clock.ts'
import { Spans } from '../../kit/telemetry/spans.ts'
import { TelemetryWatch } from '../../kit/telemetry/telemetry-watch.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginContext, TriggerTypeHandler } from '../../sdk/plugin.ts'
import { HttpBindings } from './bindings.ts'
import { oddities, readSettings, type HttpConfig, type HttpSettings } from './config.ts'
import { Dispatcher } from './exchange/dispatcher.ts'
import { ExchangeContext } from './exchange/exchange-context.ts'
import { ServerSpans } from './exchange/server-spans.ts'
import { openExtras, type OpenedExtras } from './extras/opened-extras.ts'
import type { ExtrasSettings } from './extras/settings.ts'
import { RememberedRoutes } from './remembered-routes.ts'
import { HttpServer, UNASKED, urlOf } from './server/http-server.ts'
import { GIVEN_UP_MS, openAddress } from './server/open-address.ts'

/** How long a request that no route is for waits for the bindings of a worker that has just started. */
export const READY_MS = 5_000
const RETRY_MS = 50
/** Told when somebody begins or ends to take spans. */
const WATCH_FUNCTION = 'iii-http::on-functions-changed'

export class HttpWorker {
  readonly #plugin: PluginContext<HttpConfig>
  readonly #canShare: boolean
  readonly #bindings: HttpBindings
  readonly #remembered: RememberedRoutes
  readonly #context: ExchangeContext
  readonly #dispatcher: Dispatcher
  readonly #draining = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  readonly #spans: Spans
  readonly #telemetry: TelemetryWatch
  #isReady = false
  /** It is being stopped, and nobody takes over. */
  #isEnding = false
  #settings: HttpSettings
  #server: HttpServer
  #extras: OpenedExtras | undefined

  /** @param canShare whether the system deals connections out among listeners of one address. Default: it is tried. */
  constructor(plugin: PluginContext<HttpConfig>, canShare = true) {
    const { iii, log, config } = plugin
    this.#plugin = plugin
    this.#canShare = canShare
    this.#settings = readSettings(config)
    for (const oddity of oddities(config)) log.warn(oddity)
    const { exchange } = this.#settings
    this.#bindings = new HttpBindings(log, exchange.ignoresTrailingSlash)
    this.#remembered = new RememberedRoutes({
      file: join(plugin.dataDir, 'routes.json'),
      current: () => this.#bindings.routes.entries(),
      log,
      clock: systemClock,
    })
    this.#telemetry = new TelemetryWatch(iii)
    this.#spans = new Spans({ iii, clock: systemClock, service: 'iii-http', isWanted: () => this.#telemetry.isWanted })
    this.#context = new ExchangeContext({
      iii,
      log,
      clock: systemClock,
      settings: exchange,
      extras: {},
      spans: new ServerSpans(this.#spans),
      isBound: (id) => this.#bindings.routes.has(id),
    })
    this.#dispatcher = new Dispatcher({
      context: this.#context,
      routes: () => this.#bindings.routes,
      whenReady: (method, path) => (this.#isReady ? this.#remembered.arrivalFor(method, path) : this.#ready.promise),
    })
    this.#server = this.#newServer(this.#settings)
    setTimeout(() => this.ready(), READY_MS).unref()
  }

  /** Takes the bindings of the trigger type. */
  get triggers(): TriggerTypeHandler<unknown> {
    return {
      registerTrigger: (binding) => {
        const route = this.#bindings.registerTrigger(binding)
        if (route === undefined) return this.#remembered.changed()
        this.#remembered.bound(route)
        this.#plugin.rest?.leave()
      },
      unregisterTrigger: (binding) => {
        this.#bindings.unregisterTrigger(binding)
        this.#remembered.changed()
      },
    }
  }

  /** That of the requests first. */
  get urls(): string[] {
    const { host, port } = this.#settings
    // Where the generation before has the address still it will be that of the settings.
    const url = this.#server.listener.address.port === 0 ? urlOf(host, port) : this.#server.url
    return [url, ...(this.#extras?.urls ?? [])]
  }

  /** @throws CodedError `address_unavailable` that names the address and what to do. */
  async open(): Promise<void> {
    const { host, port, exchange, extras } = this.#settings
    await this.#remembered.load(exchange.ignoresTrailingSlash)
    const isOwn = (): Promise<boolean> => this.#isOfPredecessor(urlOf(host, port))
    this.#use(await this.#openExtras(extras))
    try {
      if ((await this.#openAddress(this.#server, this.#settings, isOwn)) === 'later') void this.#openLater(this.#server)
    } catch (error) {
      await this.#extras?.close()
      throw error
    }
  }

  /** Spans are made while somebody takes them. */
  watchTelemetry(): void {
    this.#telemetry.begin(WATCH_FUNCTION)
  }

  /** All bindings that are there have come. */
  ready(): void {
    this.#isReady = true
    this.#ready.resolve()
    this.#remembered.begin()
  }

  /** @throws CodedError when another address can't be opened; then everything stays as it was. */
  async reconfigure(config: HttpConfig): Promise<void> {
    const settings = readSettings(config)
    const before = this.#settings
    const isOther = !isDeepStrictEqual(settings.extras, before.extras)
    const extras = isOther ? await this.#openExtras(settings.extras) : undefined
    try {
      if (settings.host !== before.host || settings.port !== before.port) await this.#move(settings)
    } catch (error) {
      await extras?.close()
      throw error
    }
    for (const oddity of oddities(config)) this.#plugin.log.warn(oddity)
    this.#settings = settings
    if (!isDeepStrictEqual(settings.server, before.server)) this.#server.applySettings(settings.server)
    this.#bindings.ignoresTrailingSlash = settings.exchange.ignoresTrailingSlash
    this.#context.change(settings.exchange)
    if (extras === undefined) return
    const old = this.#extras
    this.#use(extras)
    await old?.close()
  }

  /** @param isReplaced the next generation has the address. */
  async stop(isReplaced: boolean): Promise<void> {
    this.#stopping.abort()
    this.#isEnding = !isReplaced
    this.ready()
    await Promise.all([
      this.#server.drain({
        lingers: isReplaced,
        ...(isReplaced && this.#plugin.rest !== undefined && UNASKED),
      }),
      this.#remembered.close(isReplaced),
      ...this.#draining,
    ])
    this.#context.timers.close()
    this.#spans.flush()
    await this.#extras?.close()
  }

  #use(extras: OpenedExtras): void {
    this.#extras = extras
    this.#context.extras = extras.hooks
  }

  /** @throws CodedError for a file or a port that can't be opened. */
  async #openExtras(settings: ExtrasSettings): Promise<OpenedExtras> {
    const { iii, log, engine } = this.#plugin
    const { slots } = this.#context
    const own = new Set(this.urls)
    return openExtras(settings, {
      iii,
      log,
      clock: systemClock,
      projectRoot: engine.projectRoot,
      exchange: () => this.#settings.exchange,
      routes: () => this.#bindings.routes.entries(),
      load: () => ({ isDraining: this.#isEnding, running: slots.taken, waiting: slots.waiting }),
      isOfPredecessor: async (url) => own.has(url) || this.#isOfPredecessor(url),
    })
  }

  /** The new address first, then the end of the old one. */
  async #move(settings: HttpSettings): Promise<void> {
    const old = this.#server
    const opened = this.#newServer(settings)
    const isSamePort = settings.port === old.listener.address.port
    if ((await this.#openAddress(opened, settings, () => isSamePort)) === 'later') {
      // One port of two addresses that exclude each other: the old one makes room, and comes back if that does not help.
      const { host, port } = old.listener.address
      old.listener.stopListening()
      try {
        await opened.listener.open(settings.host, settings.port)
      } catch (error) {
        await old.listener.open(host, port)
        throw invalid(error)
      }
    }
    this.#server = opened
    const drained: Promise<void> = old.drain({ lingers: false }).finally(() => this.#draining.delete(drained))
    this.#draining.add(drained)
  }

  async #openAddress(server: HttpServer, { host, port }: HttpSettings, isOwn: () => boolean | Promise<boolean>) {
    const { log } = this.#plugin
    return openAddress(server.listener, host, port, {
      isOwn,
      canShare: this.#canShare,
      onHeld: ({ message }) =>
        log.warn(
          'The address of the HTTP server is waited for: a connection has it, or had it a moment ago (TIME_WAIT).',
          {
            error: message,
          },
        ),
    })
  }

  /** Where an address can't be shared the generation before gives it up when it ends, which is after this one has started. */
  async #openLater(server: HttpServer): Promise<void> {
    const { log, reportHealth } = this.#plugin
    const { host, port } = this.#settings
    const giveUpAt = performance.now() + GIVEN_UP_MS
    while (!this.#stopping.signal.aborted) {
      try {
        return await server.listener.open(host, port)
      } catch (error) {
        if (!(error instanceof AddressError)) throw error
        if (performance.now() > giveUpAt) {
          log.error(`The HTTP server is not open: ${error.message}`)
          return reportHealth('server', { status: 'degraded', details: { problem: error.message } })
        }
      }
      await after(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
    }
  }

  async #isOfPredecessor(url: string): Promise<boolean> {
    const { iii } = this.#plugin
    const info = await iii.trigger<unknown, { addresses?: readonly string[] }>({
      function_id: 'engine::plugins::info',
      payload: { name: 'iii-http' },
    })
    return info?.addresses?.includes(url) ?? false
  }

  #newServer({ server }: HttpSettings): HttpServer {
    const { log } = this.#plugin
    return new HttpServer({
      settings: server,
      onRequest: (...of) => this.#dispatcher.dispatch(...of),
      onFailure: ({ message }) => log.error('The HTTP server failed.', { error: message }),
    })
  }
}

function invalid(error: unknown): CodedError {
  const message = error instanceof Error ? error.message : String(error)
  return new CodedError('address_unavailable', message, { cause: error })
}
