// The composition root: configuration in, running engine out. Wires the parts together, starts and ends them, and says which of them
// take part in a change of configuration.
import { join } from 'node:path'
import { localWebSocketUrl } from '../base/net/shown-address.ts'
import { withDeadline } from '../base/time/deadline.ts'
import { rememberValid } from '../base/values/schema-validation.ts'
import { CodedError } from '../protocol/errors.ts'
import { addFunctions } from './added-functions.ts'
import { builtInFailure } from './built-in-failure.ts'
import { WorkerNames } from './config/worker-names.ts'
import { bringIntoForce } from './config/change.ts'
import { isListenerEntry, listenerOf } from './config/listener-config.ts'
import { resolveClaimedEntries } from './config/claimed-entries.ts'
import { resolveEntries, type ResolvedEntries } from './config/resolve-entries.ts'
import { configSource, type ConfigSource } from './config/source.ts'
import type { EngineConfig } from './config/types.ts'
import { unreadSettings } from './config/unread-settings.ts'
import { signatureOf } from './config/watch.ts'
import { ConfigFileWatch } from './config-file-watch.ts'
import { ConfigurationChanges } from './configuration-changes.ts'
import { EngineOptionsChange } from './engine-options-change.ts'
import { enginePlace } from './engine-place.ts'
import { engineHealth, listenerWorkers, pluginStatus } from './engine-report.ts'
import type { CallOptions, Engine, StartOptions } from './engine.ts'
import type { EngineState, EngineStatus } from './engine-status.ts'
import { configFileFunctions } from './engine-functions/config-file.ts'
import type { HealthComponent } from './engine-functions/deps.ts'
import { healthReport } from './engine-functions/health.ts'
import { endInOrder } from './ending.ts'
import { EntryNames } from './entry-names.ts'
import { Listeners } from './gateway/listeners.ts'
import { HealthPort } from './health/health-port.ts'
import { hostChange } from './host-change.ts'
import { defaultCacheDir } from './host/builds/cache-dir.ts'
import type { ReconcileReport } from './host/generations/reconciler.ts'
import { PluginHost } from './host/plugin-host.ts'
import { discoverPlugins } from './host/table/discover.ts'
import { createLog, type Log } from './log.ts'
import { openAddresses, openInOrder } from './opening.ts'
import type { Router } from './router/router.ts'
import { RoutingCore } from './routing-core.ts'
import { SeatEntries } from './seats/entries.ts'
import { SessionPolicy } from './seats/session-policy.ts'
import { SeatSettings } from './seats/settings.ts'
import { ENGINE_VERSION } from './version.ts'

const CALL_MS = 30_000
/** Sessions have two seconds to end. */
const LISTENERS_CLOSE_MS = 5_000
/** Beside what the configuration allows the plugins. */
const SLACK_MS = 5_000
/** One small file is written. */
const REMEMBER_MS = 2_000

/** What is there once the configuration has been read. */
interface Parts {
  readonly source: ConfigSource
  readonly core: RoutingCore
  readonly host: PluginHost
  readonly listeners: Listeners
  readonly health: HealthPort
  readonly names: EntryNames
  readonly entries: SeatEntries
  readonly changes: ConfigurationChanges
}

export class RunningEngine implements Engine {
  readonly #options: StartOptions
  readonly #log: Log
  readonly #names: WorkerNames
  #state: EngineState = 'starting'
  #parts: Parts | undefined
  #config: EngineConfig | undefined
  #file: ConfigFileWatch | undefined
  #plugins: EngineStatus['plugins'] = []
  /** Where the listeners are, as it was said last. */
  #toldUrls: readonly string[] = []
  #startMs = 0
  /** Parts that did not end in time. */
  #abandoned: readonly string[] = []
  #report: ReconcileReport | undefined
  #closed: Promise<void> | undefined

  /** @throws as `startEngine`. */
  static async start(options: StartOptions = {}): Promise<RunningEngine> {
    const engine = new RunningEngine(options)
    try {
      await engine.#start()
    } catch (error) {
      await engine.close('start failed')
      throw error
    }
    return engine
  }

  private constructor(options: StartOptions) {
    this.#options = options
    this.#log = options.log ?? createLog()
    this.#names = new WorkerNames(options.builtIns, options.absentWorkers)
  }

  /** For tests and measurements. */
  get router(): Router {
    return this.#running.core.router
  }

  get url(): string {
    const listener = this.#parts?.listeners.all[0]
    if (listener !== undefined) return localWebSocketUrl(listener.config.host, listener.port)
    // Plugins start before anybody is let in: they are told where the first listener is going to be.
    const entry = this.#config?.entries.find((candidate) => isListenerEntry(candidate) && candidate.enabled)
    if (entry === undefined) return ''
    const { host, port } = listenerOf(entry)
    return localWebSocketUrl(host, port)
  }

  async call(functionId: string, payload: unknown = null, options: CallOptions = {}): Promise<unknown> {
    if (this.#state === 'closed') throw new CodedError('invocation_stopped', 'the engine is closed')
    const { timeoutMs = CALL_MS, namespace } = options
    const data = Buffer.from(JSON.stringify(payload) ?? 'null')
    const answer = this.router.invoke({ functionId, data, ...(namespace !== undefined && { namespace }) })
    const late = (): Error => new CodedError('timeout', `'${functionId}' gave no answer within ${timeoutMs} ms`)
    const result = await withDeadline(answer, timeoutMs, late)
    return result === undefined ? undefined : JSON.parse(result.toString())
  }

  status(): EngineStatus {
    const { listeners, health, names, entries } = this.#running
    const config = this.#config
    return {
      version: ENGINE_VERSION,
      state: this.#state,
      configFile: config?.file ?? null,
      projectRoot: config?.projectRoot ?? '',
      startMs: this.#startMs,
      listeners: listeners.all.map(({ url, config: { rbac } }) => ({ url, rbac: rbac !== undefined })),
      ...(health.url !== undefined && { healthUrl: health.url }),
      plugins: this.#plugins,
      warnings: [...names.warnings, ...entries.warnings],
      abandoned: [...this.#abandoned, ...this.#running.host.abandoned],
    }
  }

  close(reason = 'closed'): Promise<void> {
    this.#closed ??= this.#close(reason)
    return this.#closed
  }

  // ── start and end ────────────────────────────────────────────────────────────────────────────────────────────────

  async #start(): Promise<void> {
    const began = performance.now()
    const cacheDir = defaultCacheDir()
    const knownValid =
      cacheDir === undefined ? undefined : rememberValid(join(cacheDir, 'known-valid.json'), ENGINE_VERSION)
    const source = configSource(this.#options.config, this.#loadOptions)
    const changes = (): ConfigurationChanges | undefined =>
      this.#state === 'starting' ? undefined : this.#running.changes
    this.#file = new ConfigFileWatch({ file: source.file, log: this.#log, changes })
    // Before the first read: what is saved while the engine starts is taken up after it.
    const seen = this.#file.signature()
    const config = (this.#config = source.read())
    const { core, host, listeners, health, names, entries } = (this.#parts = this.#compose(source, config))
    await this.#refuseNames(config)
    await bringIntoForce(names, config)
    const addresses = await openAddresses({ listeners, health }, config)
    try {
      await Promise.all([this.#startPlugins(host, config), this.#options.watch !== false && this.#file.watch(seen)])
      await openInOrder([entries], config)
    } catch (error) {
      await addresses.close()
      throw error
    }
    await this.#refreshPlugins()
    // Those who have waited are answered at once, and not that the engine is starting.
    await addresses.letIn(core, () => (this.#state = 'running'))
    host.listening(this.url)
    this.#startMs = performance.now() - (this.#options.began ?? began)
    this.#toldUrls = this.#urls
    void knownValid?.save()
    this.#file.started()
  }

  async #startPlugins(host: PluginHost, config: EngineConfig): Promise<void> {
    const { failed } = await host.start(config)
    const failure = builtInFailure(failed, config)
    if (failure !== undefined) throw failure
    // Set once the boot is over: what happened in it is in the status.
    host.onChanged((event) => {
      this.#running.core.pluginsChanged(event)
      void this.#refreshPlugins()
    })
    host.onSatisfied(() => void this.#refreshPlugins())
  }

  async #close(reason: string): Promise<void> {
    this.#log.debug('engine closing', { reason })
    this.#state = 'closing'
    this.#file?.close()
    const { changes, host, listeners, health, core } = this.#parts ?? {}
    core?.closing()
    const ms = this.#pluginsMs
    this.#abandoned = await endInOrder(
      [
        { name: 'a change of the configuration', ms, end: () => changes?.idle() },
        // Plugins stop while workers are still there: what they finish may need them.
        { name: 'the plugins', ms, end: () => host?.close() },
        // Before the engine itself ends the connections.
        { name: 'the list of functions', ms: REMEMBER_MS, end: () => core?.remembered?.close() },
        {
          name: 'the listeners',
          ms: LISTENERS_CLOSE_MS,
          end: () => Promise.all([listeners?.close(), health?.close()]),
        },
      ],
      this.#log,
    )
    core?.close()
    this.#state = 'closed'
  }

  /** They stop one after the other. */
  get #pluginsMs(): number {
    if (this.#config === undefined) return 0
    const { drain_ms: drainMs, stop_ms: stopMs } = this.#config.engine
    return drainMs + stopMs * Math.max(1, this.#plugins.length) + SLACK_MS
  }

  // ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #running(): Parts {
    if (this.#parts === undefined) throw new Error('the engine was not started')
    return this.#parts
  }

  get #loadOptions() {
    const { configPath, cwd = process.cwd(), env = process.env, useDefaultConfig = false } = this.#options
    return {
      cwd,
      env,
      useDefaultConfig,
      configPath,
      strict: this.#isStrict,
      engineVersion: ENGINE_VERSION,
      names: this.#names,
    }
  }

  #compose(source: ConfigSource, config: EngineConfig): Parts {
    const log = this.#log
    const options = new EngineOptionsChange(config, log)
    const core = new RoutingCore({
      config: { ...config, engine: options.live },
      log,
      rememberIn: join(config.projectRoot, 'data', 'engine', 'functions.json'),
      healthComponents: () => this.#health(),
      internalWorkers: () => listenerWorkers(this.#parts?.listeners.all ?? []),
      known: this.#names,
    })
    const host = this.#createHost(core)
    const listeners = new Listeners({
      router: core.router,
      registrations: core.registrations,
      channels: core.channels,
      telemetry: core.telemetry,
      log,
      namespaceGraceMs: config.registrationNamespaceGraceMs,
      signal: this.#options.signal,
      sessionPolicy: new SessionPolicy(core.seats.sessionPolicy, this.#names),
      portsGivenUp: (wanted) => health.portsGivenUp(wanted),
      addressesOf: ({ name }) => this.#plugins.find((plugin) => plugin.name === name)?.addresses ?? [],
      onRefused: (refusal) => core.engineTelemetry.notices.refused(refusal),
      onOpened: (connection) => core.liveness.opened(connection),
      onClosed: (connection) => core.liveness.closed(connection),
    })
    const health: HealthPort = new HealthPort({
      log,
      report: () => healthReport(core.healthComponents()),
      portsGivenUp: (wanted) => listeners.portsGivenUp(wanted),
    })
    const names = new EntryNames((wanted) => this.#resolve(wanted), log)
    const entries = new SeatEntries({
      seat: core.seats.entries,
      log,
      unclaimed: async (wanted) => (await this.#resolve(wanted)).unclaimed,
      strict: this.#isStrict,
    })
    const plugins = hostChange(host, (report) => (this.#report = report))
    const changes = new ConfigurationChanges(config, {
      log,
      read: () => source.read(),
      version: () => (source.file === null ? '' : signatureOf(source.file)),
      participants: [plugins, entries, listeners, health, options, names],
      onBegin: () => this.#enter('changing'),
      onApplied: (wanted) => this.#applied(wanted),
      onEnd: () => void this.#enter('running'),
    })
    addFunctions(core, host, this.#options.localFunctions)
    core.addFunctions(
      configFileFunctions({
        file: () => ({ path: source.file, projectRoot: config.projectRoot, problem: changes.problem }),
        takeUp: async () => this.#file?.takeUpNow(),
      }),
    )
    return { source, core, host, listeners, health, names, entries, changes }
  }

  #createHost(core: RoutingCore): PluginHost {
    return new PluginHost({
      router: core.router,
      events: core.linkEvents,
      log: this.#log,
      engine: { ...enginePlace(), url: () => this.url },
      names: this.#names,
      watch: this.#options.watch !== false,
      settings: new SeatSettings(core.seats.settings, this.#log, () => this.#config?.file ?? null),
      onRetryConfiguration: async () => this.#file?.takeUp(),
    })
  }

  get #isStrict(): boolean {
    return this.#options.strictConfig === true
  }

  /**
   * At the start names that nobody runs are refused before any plugin starts, unless one may hold the seat `entries`, as those do that
   * stand in for a built-in: then it is asked. @throws ConfigError
   */
  async #refuseNames(config: EngineConfig): Promise<void> {
    const { plugins } = await this.#resolve(config)
    const isAsked = plugins.some(({ entry, replaces }) => replaces && entry.enabled)
    if (this.#isStrict && !isAsked) await this.#resolve(config, true)
  }

  async #resolve(config: EngineConfig, strict = false): Promise<ResolvedEntries> {
    const { pluginsDir: userDir, projectRoot } = config
    const { sources } = await discoverPlugins({ names: this.#names, userDir, projectRoot })
    const userPlugins = new Set([...sources.values()].filter(({ builtIn }) => !builtIn).map(({ name }) => name))
    const options = { names: this.#names, userPlugins, strict }
    // While it runs the seat itself is asked.
    const resolved = strict ? await resolveClaimedEntries(config, options) : resolveEntries(config, options)
    return {
      ...resolved,
      warnings: [...resolved.warnings, ...(await unreadSettings(config, this.#names, userPlugins))],
    }
  }

  // ── configuration ────────────────────────────────────────────────────────────────────────────────────────────────

  /** A change that begins or ends; an engine that closes stays so. */
  #enter(state: 'changing' | 'running'): boolean {
    const isOpen = this.#state === 'running' || this.#state === 'changing'
    if (isOpen) this.#state = state
    return isOpen
  }

  async #applied(wanted: EngineConfig): Promise<void> {
    const isMoved = this.#urls.join() !== this.#toldUrls.join()
    this.#toldUrls = this.#urls
    this.#config = wanted
    this.#running.host.listening(this.url)
    await this.#refreshPlugins()
    const { started = [], reloaded = [], reconfigured = [], stopped = [] } = this.#report ?? {}
    this.#log.info('configuration reloaded', {
      started,
      reloaded,
      reconfigured,
      stopped,
      ...(isMoved && { listening: this.#urls }),
    })
  }

  #health(): Record<string, HealthComponent> {
    const { host, changes } = this.#parts ?? {}
    return engineHealth({
      state: this.#state,
      plugins: this.#plugins,
      troubles: host?.troubles ?? [],
      configProblem: changes?.problem,
      parts: host?.health ?? new Map(),
    })
  }

  get #urls(): readonly string[] {
    const { listeners, health } = this.#parts ?? {}
    return [...(listeners?.all ?? []).map(({ url }) => url), ...(health?.url === undefined ? [] : [health.url])]
  }

  // ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #refreshPlugins(): Promise<void> {
    const { host, names } = this.#running
    const rows = await host.list()
    this.#plugins = rows.map((row) => pluginStatus(row, names.replaced))
  }
}
