// The plugin host: keeps what runs equal to what is wanted by files, configuration and `engine::plugins::*` (design, "Plugins").
// Turns what it is asked for into wishes; `reconciler.ts` sees them through.
import { CodedError } from '../../protocol/errors.ts'
import { systemClock, type Clock } from '../../base/time/clock.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { worstOf } from './generations/replica-health.ts'
import type { HealthState } from '../../sdk/plugin.ts'
import type { ChangeParticipant } from '../config/change.ts'
import type { EngineConfig, WorkerEntry } from '../config/types.ts'
import { WorkerNames } from '../config/worker-names.ts'
import type { LinkEvents } from '../model/link-events.ts'
import type { Log } from '../log.ts'
import { defaultCacheDir } from './builds/cache-dir.ts'
import type { EnginePlace } from './builds/build.ts'
import { InputWatcher } from './builds/watch-inputs.ts'
import type { StallWatchOptions } from './containers/stall-watch.ts'
import { bootPlugins, type BootReport } from './generations/boot.ts'
import { ConfigurationTurns, ENTRIES } from './generations/configuration-turns.ts'
import { NO_SETTINGS_SEAT, type Config, type SettingsSeat } from './generations/plugin-settings.ts'
import { OpenListeners } from './generations/open-listeners.ts'
import type { HowApplied, ReloadResult } from './generations/plugin-turns.ts'
import type { PreparedPlugins } from './generations/prepared-configuration.ts'
import type { RouterPort } from './generations/router-port.ts'
import { EVERYTHING, TurnQueue } from './generations/turn-queue.ts'
import { wishFor } from './generations/wish.ts'
import { assembleParts, type HostParts } from './host-parts.ts'
import { discoverPlugins, type Discovery } from './table/discover.ts'
import { cancelRetry, type PluginState } from './table/phase.ts'
import type { PluginInstance } from './table/plugin-instance.ts'
import { infoOf, rowOf, type PluginInfo, type PluginRow, type RowSurroundings } from './table/plugin-rows.ts'
import type { PluginEvent } from './table/plugin-table.ts'

/** Time for a refused configuration that is tried again to be read and to have its turn. */
export const RETRY_MS = 500

export interface PluginHostOptions {
  readonly router: RouterPort
  /** Where the frames of plugins go. */
  readonly events: LinkEvents
  readonly log: Log
  readonly engine: EnginePlace & { readonly version: string; /** Address that plugins are told. */ url(): string }
  /** From the table of built-in workers. Default: there are none. */
  readonly names?: WorkerNames
  /** Follow changed files. Default true. */
  readonly watch?: boolean
  /** Default: `III_CACHE_DIR`, else the user's cache folder. */
  readonly cacheDir?: string
  readonly clock?: Clock
  readonly debounceMs?: number
  readonly stalls?: Omit<StallWatchOptions, 'clock'>
  /** Time for a thread or process to end, before it is abandoned. Default 2 s. */
  readonly endMs?: number
  /** Time for a prepared configuration to be committed or discarded, before it is discarded so that others have their turn. Default 60 s. */
  readonly heldMs?: number
  /** Who keeps what is set at run time. Default: nobody, the file alone counts. */
  readonly settings?: SettingsSeat
  /**
   * A configuration was refused because of a plugin whose files have changed since, or that was busy: it may be prepared again. The
   * wishes that the changed files lead to wait until this is fulfilled.
   */
  readonly onRetryConfiguration?: (refused: EngineConfig) => void | Promise<void>
}

/** It reads what all engines of this user have compiled, and takes that time from nobody who waits for a start. */
const PRUNE_AFTER_MS = 60_000

export class PluginHost implements ChangeParticipant {
  readonly #options: PluginHostOptions
  readonly #names: WorkerNames
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue: TurnQueue
  #parts: Parts | undefined
  #closed: Promise<void> | undefined

  constructor(options: PluginHostOptions) {
    this.#options = options
    this.#names = options.names ?? new WorkerNames()
    this.#clock = options.clock ?? systemClock
    this.#queue = new TurnQueue(this.#clock)
    this.#log = options.log
  }

  /** Finds, builds and starts the plugins that the configuration names. User plugins that fail are reported, not thrown. */
  async start(config: EngineConfig): Promise<BootReport> {
    const parts = (this.#parts = this.#assemble(config))
    const { table, reconciler, around, containers, watcher, builds, busyThread, refillStandby } = parts
    if (config.entries.some((entry) => this.#mayShare(entry))) containers.warm()
    const boot = async (): Promise<BootReport> => {
      const instances = table.fill(config, await this.#discover(config))
      const wanted = instances.filter((instance) => instance.wanted)
      return bootPlugins(wanted, { table, reconciler, around, log: this.#log })
    }
    const booted = this.#queue.enqueue('boot', () => new Set([EVERYTHING]), boot)
    // Before the first look: what appears from then on has its turn after the start.
    watcher?.watchPluginsDir(config.pluginsDir)
    const report = await booted
    void containers.warmed()
    busyThread.watch()
    refillStandby()
    this.#clock.after(PRUNE_AFTER_MS, () => {
      if (this.#closed === undefined) void builds.cache.prune(this.#clock.now())
    })
    return report
  }

  /**
   * Finds out what would keep another configuration from being brought into force, and makes everything ready for it. Nothing that
   * runs is touched. Until it is committed or discarded other changes of the plugins that it concerns wait, for `heldMs` at most.
   */
  prepare(wanted: EngineConfig): Promise<PreparedPlugins> {
    return this.#running.configurations.prepare(wanted)
  }

  /** Brings a plugin to settings that were set at run time. Rejects with CodedError when they are refused; nothing has changed then. */
  async applySettings(name: string, value: Config): Promise<HowApplied> {
    const { turns, table } = this.#running
    return turns.settings(table.get(name), value)
  }

  /** A new generation of the code on disk. Rejects with CodedError while the old one serves on. */
  async reload(name: string, { force = false }: { force?: boolean } = {}): Promise<ReloadResult> {
    const instance = this.#startable(name)
    instance.held = false
    return this.#running.turns.wish(instance, { cause: 'reload', force, anew: true })
  }

  async startPlugin(name: string): Promise<{ name: string; state: PluginState }> {
    const instance = this.#startable(name)
    instance.held = false
    if (instance.generation === undefined)
      await this.#running.turns.wish(instance, { cause: 'start', force: false, anew: false })
    return { name, state: instance.state }
  }

  async stopPlugin(
    name: string,
    { force = false }: { force?: boolean } = {},
  ): Promise<{ name: string; state: PluginState }> {
    const instance = this.#running.table.get(name)
    instance.held = true
    await this.#running.turns.wish(instance, { cause: 'stop', force, anew: false })
    return { name, state: instance.state }
  }

  /** Sorted by name (spec 09 §3). */
  async list(): Promise<PluginRow[]> {
    const instances = [...this.#running.table.all].sort((a, b) => (a.name < b.name ? -1 : 1))
    return Promise.all(instances.map((instance) => rowOf(instance, this.#around(instance))))
  }

  /** @throws {CodedError} PLUGIN_NOT_FOUND */
  async info(name: string): Promise<PluginInfo> {
    const instance = this.#running.table.get(name)
    return infoOf(instance, this.#around(instance))
  }

  /** Threads and processes that were to end, did not in time and still have not, in words. */
  get abandoned(): readonly string[] {
    return this.#parts?.containers.abandonedNames ?? []
  }

  /** What is wrong at the moment that no state tells: plugins whose thread stands still, threads that do not end. */
  get troubles(): readonly string[] {
    const stalled = (this.#parts?.table.all ?? []).flatMap(({ name, generation }) => {
      const since = generation?.stalledSince
      if (since === undefined) return []
      return `${name}: stalled since ${new Date(since).toISOString()}: its thread or process reads nothing`
    })
    const blocked = this.abandoned.map((what) => `${what} does not end: something blocks it outside of JavaScript`)
    return [...stalled, ...blocked]
  }

  /** Workers can connect now, to the first listener at this URL: plugins hear of it, also those that are started later. */
  listening(url: string): void {
    this.#running.openListeners.at(url)
  }

  /** Parts of plugins that run, as they tell of them; those of a further instance have its number: `exec#1`. */
  get health(): ReadonlyMap<string, HealthState> {
    const all = (this.#parts?.table.all ?? []).flatMap(({ name, plugin, generation }) => {
      const parts = worstOf(generation?.replicas.map(({ place }) => place.health) ?? [])
      return [...parts].map(([part, state]) => [part + name.slice(plugin.length), state] as const)
    })
    return new Map(all)
  }

  onChanged(listener: (event: PluginEvent) => void): () => void {
    return this.#running.table.onEvent(listener)
  }

  /** What was refused of a plugin is no more, and what runs has stayed: listings show it, no event tells it. */
  onSatisfied(listener: () => void): void {
    this.#running.table.onSatisfied(listener)
  }

  /** Stops all plugins in reverse order of `requires`, then the threads. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const parts = this.#parts
    if (parts === undefined) return
    const { table, reconciler, watcher, crashes, containers, builds, configurations, busyThread, firstUse } = parts
    const { stop_ms: stopMs } = configurations.inForce.engine
    watcher?.close()
    busyThread.close()
    configurations.close()
    // A plugin that hangs in a change keeps the others from being stopped no longer than one that hangs in its stop.
    await settlesWithin(this.#queue.idle(), stopMs, this.#clock)
    const running = table.all.filter(({ name, generation }) => generation !== undefined && !this.#queue.holds(name))
    const stops = running.map((instance) => ({ kind: 'stop' as const, wish: wishFor(instance, 'shutdown') }))
    await reconciler.carryOut(stops, { reason: 'shutdown', force: true })
    for (const { phase } of table.all) cancelRetry(phase)
    await reconciler.settled(stopMs)
    crashes.close()
    await Promise.all([containers.close(), builds.close(), firstUse.settled()])
  }

  // ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * What they mend of a refused configuration comes first: then they are taken up with the entries that they are made for. When it takes
   * its time, because of what some plugin does, its turn has begun, and only those that it touches wait for it.
   */
  async #filesChanged(plugins: ReadonlySet<string>): Promise<void> {
    const { configurations, table } = this.#running
    await settlesWithin(configurations.retry(), RETRY_MS, this.#clock)
    for (const instance of table.all) if (plugins.has(instance.plugin)) this.#fileWish(instance)
  }

  /** A plugin with an entry may have appeared. */
  async #pluginsDirChanged(): Promise<void> {
    const { configurations, table } = this.#running
    await configurations.retry()
    await this.#queue.enqueue(
      'discovery',
      () => new Set([ENTRIES]),
      async () => {
        const config = configurations.inForce
        const found = await this.#discover(config)
        const appeared = new Set(table.discovered(found))
        for (const entry of table.entriesOf(config, found)) {
          const instance = table.instanceOf(entry, found)
          if (instance.entry === undefined) appeared.add(instance)
          instance.entry ??= entry
          table.add(instance)
        }
        for (const instance of table.all) {
          const { generation, source, wanted } = instance
          // A user plugin that replaces a built-in has come or gone.
          const isOther = generation !== undefined && generation.plan.source.entryFile !== source?.entryFile
          if (wanted && (isOther || appeared.has(instance))) this.#fileWish(instance)
        }
      },
    )
  }

  /** How it ends stands in the table and in the log. */
  #fileWish(instance: PluginInstance): void {
    this.#running.turns.wish(instance, { cause: 'file', force: false, anew: false }).catch(() => {})
  }

  // ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #running(): Parts {
    if (this.#parts === undefined) throw new Error('the plugin host was not started')
    return this.#parts
  }

  #startable(name: string): PluginInstance {
    const instance = this.#running.table.get(name)
    if (instance.entry?.enabled === true) return instance
    const { entry, plugin } = instance
    const state = entry === undefined ? 'has no entry in the configuration' : 'is disabled in the configuration'
    throw new CodedError(
      'PLUGIN_START_FAILED',
      `plugin '${name}' ${state}; enable it with: iii plugin enable ${plugin}`,
    )
  }

  #around({ name, plugin }: PluginInstance): RowSurroundings {
    const { table, containers } = this.#running
    return { isOneOfSeveral: table.of(plugin).length > 1, abandoned: containers.abandoned(name) }
  }

  /** A built-in that may run in the thread of the built-ins; only when it is looked at closer it is known to. */
  #mayShare({ name, enabled, isolation = 'shared' }: WorkerEntry): boolean {
    return enabled && isolation === 'shared' && this.#names.builtIns.some(({ about }) => about.name === name)
  }

  #discover({ projectRoot, pluginsDir }: EngineConfig): Promise<Discovery> {
    return discoverPlugins({ names: this.#names, userDir: pluginsDir, projectRoot })
  }

  #assemble(config: EngineConfig): Parts {
    const { router, events, engine, stalls, endMs, heldMs, settings = NO_SETTINGS_SEAT, debounceMs } = this.#options
    const { watch = true, cacheDir = defaultCacheDir(), onRetryConfiguration } = this.#options
    const clock = this.#clock
    const watcher = watch
      ? new InputWatcher({
          clock,
          ...(debounceMs !== undefined && { debounceMs }),
          onChanged: (plugins) => void this.#filesChanged(plugins),
          onPluginsDir: () => {
            this.#pluginsDirChanged().catch((error: unknown) => {
              this.#log.error('plugins could not be looked for', { error: String(error) })
            })
          },
          onError: (error) => this.#log.warn("saved plugins are not taken up: their folders can't be watched", error),
        })
      : undefined
    const parts = assembleParts(config, {
      router,
      events,
      log: this.#log,
      clock,
      engine,
      names: this.#names,
      cacheDir,
      settings,
      ...(stalls !== undefined && { stalls }),
      ...(endMs !== undefined && { endMs }),
      queue: this.#queue,
      closing: () => this.#closed !== undefined,
      onInputs: (source, builds) => watcher?.watch(source.name, builds.inputsOf(source)),
    })
    const configurations = new ConfigurationTurns(config, {
      queue: this.#queue,
      clock,
      log: this.#log,
      table: parts.table,
      reconciler: parts.reconciler,
      ...(heldMs !== undefined && { heldMs }),
      discover: (wanted) => this.#discover(wanted),
      onPluginsDir: (dir) => watcher?.watchPluginsDir(dir),
      onRetry: (refused) => onRetryConfiguration?.(refused),
      onCodeRefused: (instance) => this.#fileWish(instance),
      onTurnOver: () => parts.refillStandby(),
    })
    return { ...parts, watcher, configurations, openListeners: new OpenListeners(parts.table) }
  }
}

interface Parts extends HostParts {
  readonly watcher: InputWatcher | undefined
  readonly configurations: ConfigurationTurns
  readonly openListeners: OpenListeners
}
