// The plugin host: keeps what runs equal to what is wanted by files, configuration and `engine::plugins::*`
// (design, "Plugins"). Decides what is to change; `plugin-changes.ts` carries it out.
import { join } from 'node:path'
import { CodedError } from '../../protocol/errors.ts'
import type { EngineConfig, WorkerEntry } from '../config/types.ts'
import { WorkerNames } from '../config/worker-names.ts'
import type { LinkEvents } from '../model/link-events.ts'
import type { Log } from '../log.ts'
import { defaultCacheDir } from './builds/build-cache.ts'
import type { EnginePlace } from './builds/build.ts'
import { bootPlugins, type BootReport } from './generations/boot.ts'
import { systemClock, type Clock } from '../../base/time/clock.ts'
import { changeConfiguration, type ConfigurationReport } from './generations/configuration-change.ts'
import { Containers } from './containers/containers.ts'
import { CrashWatch } from './containers/crash-watch.ts'
import { discoverPlugins } from './table/discover.ts'
import type { GenerationSurroundings } from './generations/generation.ts'
import { PluginBuilds } from './builds/plugin-builds.ts'
import { PluginChanges } from './generations/plugin-changes.ts'
import type { PluginRecord, PluginState } from './table/plugin-record.ts'
import { infoOf, rowOf, type PluginInfo, type PluginRow } from './table/plugin-rows.ts'
import { PluginTable, type PluginEvent } from './table/plugin-table.ts'
import { PluginTurns, type ReloadResult } from './generations/plugin-turns.ts'
import { canDenyNetwork } from './containers/process-permissions.ts'
import { NO_SETTINGS_SEAT, settleSettings, type Config, type SettingsSeat } from './generations/plugin-settings.ts'
import type { RouterPort } from './generations/router-port.ts'
import { otherSeatHolder } from './table/seat-holders.ts'
import { changeSettings, type HowApplied } from './generations/settings-change.ts'
import type { StallWatchOptions } from './containers/stall-watch.ts'
import { TurnQueue } from './generations/turn-queue.ts'
import { InputWatcher } from './builds/watch-inputs.ts'

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
  /** Who keeps what is set at run time. Default: nobody, the file alone counts. */
  readonly settings?: SettingsSeat
  /** A configuration that was refused because of a plugin was applied after all, when its files were mended. */
  readonly onConfigurationApplied?: (report: ConfigurationReport) => void
}

export class PluginHost {
  readonly #options: PluginHostOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue = new TurnQueue()
  #parts: Parts | undefined
  #config: EngineConfig | undefined
  /** A configuration that was refused; tried again when a plugin's files change. */
  #refused: EngineConfig | undefined
  #closed: Promise<void> | undefined
  #settingsTurns = 0

  constructor(options: PluginHostOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log
  }

  /** Finds, builds and starts the plugins that the configuration names. User plugins that fail are reported, not thrown. */
  async start(config: EngineConfig): Promise<BootReport> {
    this.#config = config
    const parts = (this.#parts = this.#assemble(config))
    parts.containers.warm()
    await this.#discover(config)
    const entries = this.#entriesOf(config)
    for (const record of parts.table.all) {
      record.entry = entries.get(record.name)
      parts.table.settleIdle(record)
    }
    const report = await this.#queue.enqueue('boot', () =>
      bootPlugins([...entries.keys()], { ...parts, settle: parts.around.settle, log: this.#log }),
    )
    parts.watcher?.watchPluginsDir(config.pluginsDir)
    parts.containers.refillStandby()
    void parts.builds.cache.prune(this.#clock.now())
    return report
  }

  /** Brings the plugins to another configuration, all or none of it. */
  apply(config: EngineConfig): Promise<ConfigurationReport> {
    const { table, changes, around, containers, watcher } = this.#running
    return this.#queue.enqueue('configuration', async () => {
      if (config.pluginsDir !== this.#config?.pluginsDir) watcher?.watchPluginsDir(config.pluginsDir)
      await this.#discover(config)
      const report = await changeConfiguration(this.#entriesOf(config), {
        table,
        changes,
        clock: this.#clock,
        settle: around.settle,
      })
      this.#refused = report.applied ? undefined : config
      if (report.applied) this.#config = config
      containers.refillStandby()
      return report
    })
  }

  /** Brings a plugin to settings that were set at run time. Rejects with CodedError when they are refused; nothing has changed then. */
  applySettings(name: string, value: Config): Promise<HowApplied> {
    const { table, changes, around, containers } = this.#running
    return this.#queue.enqueue(`${name} settings ${++this.#settingsTurns}`, async () => {
      const seat = this.#options.settings ?? NO_SETTINGS_SEAT
      const surroundings = { table, changes, clock: this.#clock, settle: around.settle, seat }
      return changeSettings(table.get(name), value, surroundings).finally(() => containers.refillStandby())
    })
  }

  /** A new generation of the code on disk. Rejects with CodedError while the old one serves on. */
  async reload(name: string, { force = false }: { force?: boolean } = {}): Promise<ReloadResult> {
    const record = this.#startable(name)
    record.held = false
    return this.#running.turns.wish(record, { cause: 'reload', force, anew: true })
  }

  async startPlugin(name: string): Promise<{ name: string; state: PluginState }> {
    const record = this.#startable(name)
    record.held = false
    if (record.generation === undefined)
      await this.#running.turns.wish(record, { cause: 'start', force: false, anew: false })
    return { name, state: record.state }
  }

  async stopPlugin(
    name: string,
    { force = false }: { force?: boolean } = {},
  ): Promise<{ name: string; state: PluginState }> {
    const record = this.#running.table.get(name)
    record.held = true
    await this.#running.turns.wish(record, { cause: 'stop', force, anew: false })
    return { name, state: record.state }
  }

  /** Sorted by name (spec 09 §3). */
  async list(): Promise<PluginRow[]> {
    const records = [...this.#running.table.all].sort((a, b) => (a.name < b.name ? -1 : 1))
    return Promise.all(records.map(rowOf))
  }

  /** @throws {CodedError} PLUGIN_NOT_FOUND */
  info(name: string): Promise<PluginInfo> {
    return infoOf(this.#running.table.get(name))
  }

  onChanged(listener: (event: PluginEvent) => void): () => void {
    return this.#running.table.onEvent(listener)
  }

  /** Stops all plugins in reverse order of `requires`, then the threads. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const parts = this.#parts
    if (parts === undefined) return
    const { table, changes, watcher, crashes, containers, builds } = parts
    watcher?.close()
    for (const record of table.all) record.cancelRetry?.()
    await this.#queue.idle()
    const running = table.all.filter(({ generation }) => generation !== undefined)
    const wanted = running.map((record) => ({ record, to: undefined, entry: record.entry }))
    if (wanted.length > 0) await changes.carryOut(wanted, { cause: 'shutdown', reason: 'shutdown', force: true })
    await changes.settled()
    crashes.close()
    await Promise.all([containers.close(), builds.close()])
  }

  // ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #filesChanged(names: ReadonlySet<string>): void {
    if (this.#refused !== undefined) return this.#applyRefused()
    for (const name of names) {
      const record = this.#running.table.find(name)
      if (record !== undefined) this.#fileWish(record)
    }
  }

  /** A plugin with an entry may have appeared. */
  #pluginsDirChanged(): void {
    if (this.#refused !== undefined) return this.#applyRefused()
    const config = this.#config
    if (config === undefined) return
    void this.#queue.enqueue('discovery', async () => {
      await this.#discover(config)
      const entries = this.#entriesOf(config)
      for (const record of this.#running.table.all) {
        const isNew = record.entry === undefined && entries.has(record.name)
        record.entry ??= entries.get(record.name)
        // A user plugin that replaces a built-in has come or gone.
        const isOther =
          record.generation !== undefined && record.generation.plan.source.entryFile !== record.source?.entryFile
        if (record.wanted && (isNew || isOther)) this.#fileWish(record)
      }
    })
  }

  /** How it ends stands in the record and in the log. */
  #fileWish(record: PluginRecord): void {
    this.#running.turns.wish(record, { cause: 'file', force: false, anew: false }).catch(() => {})
  }

  #applyRefused(): void {
    const config = this.#refused
    if (config === undefined) return
    this.apply(config).then(
      (report) => report.applied && this.#options.onConfigurationApplied?.(report),
      (error: unknown) => this.#log.error('the configuration could not be applied', { error: String(error) }),
    )
  }

  // ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #running(): Parts {
    if (this.#parts === undefined) throw new Error('the plugin host was not started')
    return this.#parts
  }

  #startable(name: string): PluginRecord {
    const record = this.#running.table.get(name)
    if (record.entry?.enabled === true) return record
    const state = record.entry === undefined ? 'has no entry in the configuration' : 'is disabled in the configuration'
    throw new CodedError('PLUGIN_START_FAILED', `plugin '${name}' ${state}; enable it with: iii plugin enable ${name}`)
  }

  async #discover(config: EngineConfig): Promise<void> {
    const { projectRoot, pluginsDir } = config
    const places = { names: this.#options.names ?? new WorkerNames(), userDir: pluginsDir, projectRoot }
    this.#running.table.discovered(await discoverPlugins(places))
  }

  /** Entries that are plugins; the rest of the configuration belongs to others. */
  #entriesOf(config: EngineConfig): ReadonlyMap<string, WorkerEntry> {
    const entries = new Map<string, WorkerEntry>()
    for (const entry of config.entries) {
      if (this.#running.table.find(entry.name) !== undefined && !entries.has(entry.name)) entries.set(entry.name, entry)
    }
    return entries
  }

  #assemble(config: EngineConfig): Parts {
    const { router, events, engine, stalls, settings = NO_SETTINGS_SEAT, debounceMs } = this.#options
    const clock = this.#clock
    const { projectRoot } = config
    const cacheDir = this.#options.cacheDir ?? defaultCacheDir()
    const dataDirOf = (plugin: string): string => join(projectRoot, 'data', 'plugins', plugin)
    const table = new PluginTable(clock, this.#log, config.engine.crash_budget)
    const builds = new PluginBuilds({ engine, engineVersion: engine.version, projectRoot, cacheDir })
    const containers = new Containers({
      events,
      clock,
      cacheDir,
      engineRoot: engine.root,
      projectRoot,
      startMs: config.engine.start_ms,
      stopMs: config.engine.stop_ms,
      dataDirOf,
    })
    const surroundings: GenerationSurroundings = {
      clock,
      options: config.engine,
      log: this.#log,
      engine: { version: engine.version, url: () => engine.url(), projectRoot },
      canDenyNetwork: canDenyNetwork(),
      dataDirOf,
      container: (isolation, plan) => containers.acquire(isolation, plan),
      settle: settleSettings(settings, this.#log),
      seatConflict: (source, declaration) => otherSeatHolder(table.all, source, declaration),
      remember: ({ source, bundle }, declaration) => builds.remember(source, bundle, declaration),
      retain: (bundle) => builds.cache.retain(bundle),
    }
    const around = { ...surroundings, router }
    const crashes = new CrashWatch(
      clock,
      this.#log,
      (generation, replica, exit) => turns.crashed(generation, replica, exit),
      stalls,
    )
    const watcher =
      this.#options.watch === false
        ? undefined
        : new InputWatcher({
            clock,
            ...(debounceMs !== undefined && { debounceMs }),
            onChanged: (names) => this.#filesChanged(names),
            onPluginsDir: () => this.#pluginsDirChanged(),
            onError: (error) => this.#log.warn("saved plugins are not taken up: their folders can't be watched", error),
          })
    const onInputs = ({ name, source }: PluginRecord): void => {
      if (source !== undefined) watcher?.watch(name, builds.inputsOf(source))
    }
    const changes = new PluginChanges({
      table,
      builds,
      around,
      crashes,
      settings,
      drainMs: config.engine.drain_ms,
      onInputs,
    })
    const turns = new PluginTurns({
      queue: this.#queue,
      clock,
      log: this.#log,
      table,
      changes,
      crashes,
      router,
      closing: () => this.#closed !== undefined,
      onTurnOver: () => containers.refillStandby(),
    })
    return { table, builds, containers, around, crashes, watcher, changes, turns }
  }
}

interface Parts {
  readonly table: PluginTable
  readonly builds: PluginBuilds
  readonly containers: Containers
  readonly around: GenerationSurroundings & { readonly router: RouterPort }
  readonly crashes: CrashWatch
  readonly watcher: InputWatcher | undefined
  readonly changes: PluginChanges
  readonly turns: PluginTurns
}
