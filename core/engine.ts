// The composition root: configuration in, running engine out. Wires the parts together and brings them to a changed configuration.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { existsSync } from 'node:fs'
import { askOnTerminal } from './config/ask-on-terminal.ts'
import { ConfigError } from './config/config-error.ts'
import { isListenerEntry, listenerOf } from './config/listener-config.ts'
import { localListenerUrl } from './config/listener-url.ts'
import { loadConfig } from './config/load.ts'
import { provideConfigFile } from './config/locate.ts'
import { resolveEntries, type ResolvedEntries } from './config/resolve-entries.ts'
import { rememberValid } from '../base/values/schema-validation.ts'
import type { EngineConfig } from './config/types.ts'
import { ConfigWatch } from './config/watch.ts'
import { LISTENER_NAME, WorkerNames } from './config/worker-names.ts'
import type { BuiltIn, WorkerAbout } from '../sdk/built-in.ts'
import type { HealthComponent, InternalWorker } from './engine-functions/register.ts'
import type { EngineStatus } from './engine-status.ts'
import { Listeners } from './gateway/listeners.ts'
import { RoutingCore } from './routing-core.ts'
import { defaultCacheDir } from './host/builds/build-cache.ts'
import { pluginFunctions } from './host/plugin-functions.ts'
import { PluginHost } from './host/plugin-host.ts'
import { settingsFunction } from './host/settings-functions.ts'
import { createLog, type Log } from './log.ts'
import type { LocalHandler } from './model/function-entry.ts'
import type { Router } from './router/router.ts'
import { SessionPolicy } from './seats/session-policy.ts'
import { SeatSettings } from './seats/settings.ts'
import { StartError } from './start-error.ts'
import { ENGINE_VERSION } from './version.ts'

/** The engine watches one small file: a plugin entry is to be live within a second of its being saved. */
const CONFIG_DEBOUNCE_MS = 150

export interface StartOptions {
  /** Default: the search order of spec 04 A.1. */
  readonly configPath?: string
  /** Run with the built-in defaults and no file. */
  readonly useDefaultConfig?: boolean
  /** Odd things in the configuration are errors. */
  readonly strictConfig?: boolean
  /** Take up changes of the configuration file and of plugins. Default true. */
  readonly watch?: boolean
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly log?: Log
  /** When the start began, on the clock of `performance.now()`: 0 counts the start of the process. Default: now. */
  readonly began?: number
  /** The table of built-in workers. Default: none. */
  readonly builtIns?: readonly BuiltIn[]
  /** Workers that a configuration may name although this version has not got them. Default: none. */
  readonly absentWorkers?: readonly WorkerAbout[]
  /** Functions that run in the router thread, for embedding and for the benchmark. */
  readonly localFunctions?: Readonly<Record<string, LocalHandler>>
}

export interface Engine {
  readonly router: Router
  /** Address of the first listener: what processes started by the engine are told. */
  readonly url: string
  status(): EngineStatus
  /** Stops plugins in reverse order, then closes the sockets with 1012. Safe to call twice. */
  close(reason?: string): Promise<void>
}

/**
 * Starts an engine.
 * @throws ConfigError for a bad configuration, StartError when a built-in plugin or a listener can't start; both say what to do.
 */
export async function startEngine(options: StartOptions = {}): Promise<Engine> {
  const engine = new RunningEngine(options)
  try {
    await engine.start()
  } catch (error) {
    await engine.close('start failed')
    throw error
  }
  return engine
}

class RunningEngine implements Engine {
  readonly #options: StartOptions
  readonly #log: Log
  readonly #names: WorkerNames
  #config: EngineConfig | undefined
  #core: RoutingCore | undefined
  #host: PluginHost | undefined
  #listeners: Listeners | undefined
  #watch: ConfigWatch | undefined
  #warnings: readonly string[] = []
  /** Built-ins in whose place a user plugin runs. */
  #replaced: ReadonlySet<string> = new Set()
  #plugins: EngineStatus['plugins'] = []
  #startMs = 0
  #reloading: Promise<void> | undefined
  #reloadAgain = false
  /** Why the file as it is now is not in force. */
  #configProblem: string | undefined
  #closed: Promise<void> | undefined

  constructor(options: StartOptions) {
    this.#options = options
    this.#log = options.log ?? createLog()
    this.#names = new WorkerNames(options.builtIns, options.absentWorkers)
  }

  get router(): Router {
    return this.#running.core.router
  }

  get url(): string {
    const listener = this.#listeners?.all[0]
    if (listener !== undefined) return localListenerUrl(listener.config.host, listener.port)
    // Plugins start before the listeners open: they are told where the first one is going to be.
    const entry = this.#config?.entries.find((candidate) => isListenerEntry(candidate) && candidate.enabled)
    if (entry === undefined) return ''
    const { host, port } = listenerOf(entry)
    return localListenerUrl(host, port)
  }

  get #urls(): readonly string[] {
    return (this.#listeners?.all ?? []).map(({ url }) => url)
  }

  async start(): Promise<void> {
    const began = performance.now()
    const knownValid = rememberValid(join(defaultCacheDir(), 'known-valid.json'), ENGINE_VERSION)
    await provideConfigFile(this.#locateOptions, askOnTerminal())
    const config = (this.#config = this.#load())
    const core = (this.#core = new RoutingCore({
      config,
      log: this.#log,
      healthComponents: () => this.#health(),
      internalWorkers: () => this.#internalWorkers(),
      known: this.#names,
    }))
    const localFunctions = Object.entries(this.#options.localFunctions ?? {})
    core.addFunctions(
      localFunctions.map(([id, handler]) => ({
        id,
        description: '',
        requestFormat: undefined,
        responseFormat: undefined,
        handler,
      })),
    )
    const host = (this.#host = this.#createHost(core))
    const listeners = (this.#listeners = new Listeners({
      router: core.router,
      registrations: core.registrations,
      channels: core.channels,
      telemetry: core.telemetry,
      log: this.#log,
      namespaceGraceMs: config.registrationNamespaceGraceMs,
      sessionPolicy: new SessionPolicy(core.seats.sessionPolicy, this.#names.exactGrants),
      onOpened: (connection) => core.liveness.opened(connection),
      onClosed: (connection) => core.liveness.closed(connection),
    }))
    const functions = [...pluginFunctions(host)].map(
      ([id, { handler, description, request_format: requestFormat }]) => {
        return { id, description, requestFormat, responseFormat: undefined, handler }
      },
    )
    core.addFunctions(functions)
    core.addFunctions([settingsFunction(core.seats.settings, (plugin, config) => host.applySettings(plugin, config))])
    const { failed } = await host.start(config)
    const broken = failed.find(({ builtIn }) => builtIn)
    if (broken !== undefined) {
      const { origin } = config.entries.find(({ name }) => name === broken.name) ?? {}
      const place = origin === undefined ? '' : ` (${origin})`
      throw new StartError(`built-in worker '${broken.name}'${place} can't start: ${broken.message}`)
    }
    // Set once the boot is over: what happened in it is in the status.
    host.onChanged((event) => {
      core.discovery.pluginsChanged(event)
      void this.#refreshPlugins()
    })
    const resolved = await this.#resolve(config)
    await listeners.apply(enabledListeners(resolved))
    await this.#refreshPlugins()
    if (this.#options.watch !== false && config.file !== null) this.#watchConfig(config.file)
    this.#startMs = performance.now() - (this.#options.began ?? began)
    void knownValid.save()
  }

  status(): EngineStatus {
    const { config } = this.#running
    return {
      version: ENGINE_VERSION,
      configFile: config.file,
      projectRoot: config.projectRoot,
      startMs: this.#startMs,
      listeners: (this.#listeners?.all ?? []).map(({ url, config: { rbac } }) => ({ url, rbac: rbac !== undefined })),
      plugins: this.#plugins,
      warnings: this.#warnings,
    }
  }

  close(reason = 'closed'): Promise<void> {
    this.#closed ??= this.#close(reason)
    return this.#closed
  }

  async #close(reason: string): Promise<void> {
    this.#log.debug('engine closing', { reason })
    this.#watch?.close()
    await this.#reloading
    // Plugins stop while workers are still there: what they finish may need them.
    await this.#host?.close()
    await this.#listeners?.close()
    this.#core?.close()
  }

  get #running(): { config: EngineConfig; core: RoutingCore } {
    if (this.#config === undefined || this.#core === undefined) throw new Error('the engine was not started')
    return { config: this.#config, core: this.#core }
  }

  get #locateOptions(): { cwd: string; env: NodeJS.ProcessEnv; configPath?: string; useDefaultConfig: boolean } {
    const { configPath, cwd = process.cwd(), env = process.env, useDefaultConfig = false } = this.#options
    return { cwd, env, useDefaultConfig, ...(configPath === undefined ? {} : { configPath }) }
  }

  #load(): EngineConfig {
    return loadConfig({
      ...this.#locateOptions,
      strict: this.#options.strictConfig === true,
      engineVersion: ENGINE_VERSION,
      names: this.#names,
    })
  }

  #createHost(core: RoutingCore): PluginHost {
    const root = dirname(fileURLToPath(import.meta.url)).replace(/[\\/]core$/, '')
    const pluginModule = ['ts', 'js']
      .map((extension) => join(root, 'sdk', `plugin.${extension}`))
      .find((path) => existsSync(path))
    if (pluginModule === undefined) throw new StartError(`${join(root, 'sdk')} is missing; install iii-host again`)
    return new PluginHost({
      router: core.router,
      events: core.linkEvents,
      log: this.#log,
      engine: { root, pluginModule, version: ENGINE_VERSION, url: () => this.url },
      names: this.#names,
      watch: this.#options.watch !== false,
      settings: new SeatSettings(core.seats.settings, this.#log, () => this.#config?.file ?? null),
      onConfigurationApplied: () => void this.#reload(),
    })
  }

  async #resolve(config: EngineConfig): Promise<ResolvedEntries> {
    const rows = (await this.#host?.list()) ?? []
    const resolved = resolveEntries(config, {
      names: this.#names,
      userPlugins: rows.filter(({ origin }) => origin !== 'built-in').map(({ name }) => name),
      strict: this.#options.strictConfig === true,
    })
    this.#warnings = [...config.warnings, ...resolved.warnings]
    this.#replaced = new Set(resolved.plugins.filter(({ replaces }) => replaces).map(({ entry }) => entry.name))
    for (const name of this.#replaced)
      this.#log.info(`plugin '${name}' of plugins_dir runs in place of the built-in of that name`)
    for (const warning of this.#warnings) this.#log.warn(warning)
    return resolved
  }

  async #refreshPlugins(): Promise<void> {
    const rows = (await this.#host?.list()) ?? []
    this.#plugins = rows.map((row) => {
      const error = row.stale?.error ?? row.error
      const { name, origin, state, load_ms } = row
      const replaces = this.#replaced.has(name)
      return {
        name,
        origin,
        state,
        isolation: row.isolation,
        load_ms,
        replaces,
        ...(row.addresses !== undefined && { addresses: row.addresses }),
        ...(row.settings !== undefined && { settings: row.settings }),
        ...(error === undefined ? {} : { error }),
      }
    })
  }

  // ── configuration reload ─────────────────────────────────────────────────────────────────────────────────────────

  #watchConfig(file: string): void {
    this.#watch = new ConfigWatch({
      file,
      debounceMs: CONFIG_DEBOUNCE_MS,
      onChange: () => void this.#reload(),
      onGone: () => this.#log.warn(`'${file}' is gone; the configuration that was read from it runs on`),
      onError: (error) => this.#log.warn(`changes of '${file}' are not taken up: it can't be watched`, error),
    })
  }

  /** One at a time; whatever changes meanwhile leads to one more. */
  #reload(): Promise<void> {
    if (this.#reloading !== undefined) {
      this.#reloadAgain = true
      return this.#reloading
    }
    this.#reloading = this.#reloadUntilSettled().finally(() => (this.#reloading = undefined))
    return this.#reloading
  }

  async #reloadUntilSettled(): Promise<void> {
    do {
      this.#reloadAgain = false
      const problem = await this.#applyChanges()
      this.#configProblem = problem
      if (problem !== undefined) this.#log.error(`${problem}; the previous configuration runs on`)
    } while (this.#reloadAgain)
  }

  /** Undefined when the file is in force now; else why not. */
  async #applyChanges(): Promise<string | undefined> {
    const { config: running } = this.#running
    let wanted: EngineConfig
    try {
      wanted = this.#load()
    } catch (error) {
      return `reload: parse failed: ${messageOf(error)}`
    }
    if (this.#host === undefined || this.#listeners === undefined || this.#closed !== undefined) return undefined
    const report = await this.#host.apply(wanted)
    if (!report.applied)
      return `reload: ${report.problems.map(({ plugin, message }) => `plugin '${plugin}': ${message}`).join('; ')}`
    const urlsBefore = this.#urls
    try {
      const resolved = await this.#resolve(wanted)
      await this.#listeners.apply(enabledListeners(resolved))
    } catch (error) {
      await this.#host.apply(running)
      return `reload: ${messageOf(error)}`
    }
    const fixed = ({ engine, registrationNamespaceGraceMs }: EngineConfig): string =>
      JSON.stringify([engine, registrationNamespaceGraceMs])
    if (fixed(wanted) !== fixed(running)) {
      this.#log.warn(
        "'engine' or 'registration_namespace_grace_ms' has changed: restart the engine for it to take effect",
      )
    }
    this.#config = wanted
    await this.#refreshPlugins()
    const { started, reloaded, reconfigured, stopped } = report
    const isMoved = this.#urls.join() !== urlsBefore.join()
    this.#log.info('configuration reloaded', {
      started,
      reloaded,
      reconfigured,
      stopped,
      ...(isMoved && { listening: this.#urls }),
    })
    return undefined
  }

  #health(): Record<string, HealthComponent> {
    const healthy = { status: 'healthy', details: null } as const
    const degraded = (error: string): HealthComponent => ({ status: 'degraded', details: { error } })
    const broken = this.#plugins
      .filter(({ error }) => error !== undefined)
      .map(({ name, error }) => `${name}: ${error}`)
    return {
      config: this.#configProblem === undefined ? healthy : degraded(this.#configProblem),
      plugins: broken.length === 0 ? healthy : degraded(broken.join('; ')),
      router: healthy,
    }
  }

  *#internalWorkers(): Generator<InternalWorker> {
    for (const { instanceId, url } of this.#listeners?.all ?? []) {
      yield { instanceId, name: LISTENER_NAME, description: `Accepts workers on ${url}` }
    }
  }
}

function enabledListeners(resolved: ResolvedEntries): ResolvedEntries['listeners'] {
  return resolved.listeners.filter(({ enabled }) => enabled)
}

function messageOf(error: unknown): string {
  return error instanceof ConfigError || error instanceof Error ? error.message : String(error)
}
