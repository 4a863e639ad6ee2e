// One plugin in an engine under test: started, reconfigured and stopped by the steps of the plugin host, without builds and threads.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { EntryError } from '../core/config/entry-problem.ts'
import { plainEntry } from '../core/config/instance-ids.ts'
import type { WorkerEntry } from '../core/config/types.ts'
import type { PluginDeclaration } from '../core/host/builds/bundle.ts'
import type { PluginPlace } from '../core/host/containers/container.ts'
import { NO_SETTINGS_SEAT, settleSettings } from '../core/host/generations/plugin-settings.ts'
import type { ProcessOwner } from '../core/host/processes/plugin-processes.ts'
import { checkEntry } from '../core/host/table/entry-rules.ts'
import type { PluginSource } from '../core/host/table/plugin-source.ts'
import type { LinkEvents } from '../core/model/link-events.ts'
import type { PluginSlot } from '../core/model/plugin-slot.ts'
import { Worker } from '../core/model/worker.ts'
import type { Router } from '../core/router/router.ts'
import { withDeadline } from '../base/time/deadline.ts'
import { CodedError } from '../protocol/errors.ts'
import type { HealthState, PluginDefinition, StopReason } from '../sdk/plugin.ts'
import { collectingLog, type CollectingLog } from './collecting-log.ts'
import { InProcessContainer } from './in-process-container.ts'

type Config = Readonly<Record<string, unknown>>

/** What the entry of a plugin would say. */
export interface RunOptions {
  /** The `config` block of its entry: checked against the schema of the definition, which fills in defaults. Default `{}`. */
  readonly config?: object
  /** Patterns of function ids that it may call, as `allow:` of its entry. Default: all that a user plugin may. */
  readonly allow?: readonly string[]
  /** It may register ids that begin with `engine::` and hold seats, as built-in workers may. Default false. */
  readonly builtIn?: boolean
  /** Folder for its data, made when it asks for it. Default: one of its own in the engine's folder. */
  readonly dataDir?: string
}

/** How a plugin is stopped. */
export interface StopOptions {
  /** What its `stop()` is told. Default `stop`. */
  readonly reason?: StopReason
  /** Calls that it has not answered fail at once with `invocation_stopped` instead of being waited for. Default false. */
  readonly force?: boolean
}

export interface TestPluginDeps {
  readonly router: Router
  readonly events: LinkEvents
  readonly processes: ProcessOwner
  readonly projectRoot: string
  readonly version: string
  /** Runs one change of plugins after the other. */
  readonly inTurn: <Value>(change: () => Promise<Value>) => Promise<Value>
}

/** Of one plugin, as where the entry of a plugin says nothing. */
const LIMITS = { maxInFlight: 10_000, maxInFlightBytes: 64 * 1024 * 1024 }

/** A plugin that runs in an engine under test. */
export class TestPlugin {
  readonly name: string
  /** What it has logged, and what its handle had to report. */
  readonly log: CollectingLog = collectingLog()
  readonly #source: PluginSource
  readonly #entry: WorkerEntry
  readonly #deps: TestPluginDeps
  readonly #place: PluginPlace
  readonly #worker: Worker
  readonly #slot: PluginSlot
  #declaration: PluginDeclaration | undefined
  #config: Config = {}
  #stopped: Promise<void> | undefined

  private constructor(definition: PluginDefinition<never>, options: RunOptions, deps: TestPluginDeps) {
    const { config = {}, allow, builtIn = false } = options
    const { router, events, processes } = deps
    this.name = definition.name
    const origin = `engine.run of '${this.name}'`
    this.#source = { name: this.name, aliases: [], entryFile: origin, path: origin, builtIn, replaces: false, origin }
    this.#entry = { ...plainEntry(this.name), instanceId: this.name, config: config as Config, allow, origin }
    this.#deps = deps
    this.#place = new InProcessContainer(definition, events, processes).open(this.name, {
      log: (level, message, data) => this.log[level](message, data),
      used() {},
    })
    this.#slot = router.openSlot(this.name, { builtIn, ...LIMITS })
    this.#worker = new Worker({
      id: randomUUID(),
      link: this.#place.link,
      policy: { kind: 'plugin', plugin: this.name, builtIn, allow },
      slot: this.#slot,
      internal: { instanceId: this.name, name: this.name },
    })
    this.#place.attach(this.#worker)
  }

  /** @internal `engine.run` */
  static async start(
    definition: PluginDefinition<never>,
    options: RunOptions,
    deps: TestPluginDeps,
  ): Promise<TestPlugin> {
    const plugin = new TestPlugin(definition, options, deps)
    try {
      await deps.inTurn(() => plugin.#start(options.dataDir ?? join(deps.projectRoot, 'data', 'plugins', plugin.name)))
      return plugin
    } catch (error) {
      await plugin.#leave()
      throw error
    }
  }

  /** Its settings, with defaults. */
  get config(): Config {
    return this.#config
  }

  /** Ids of the functions that it has registered. */
  get functions(): readonly string[] {
    return [...this.#worker.providers.keys()]
  }

  /** Ids of the trigger types that it has registered. */
  get triggerTypes(): readonly string[] {
    return [...this.#worker.triggerTypeIds]
  }

  /** What its `addresses()` gave after the start or the latest `reconfigure`. */
  get addresses(): readonly string[] {
    return this.#place.addresses
  }

  /** What it has said of its parts by `reportHealth`, by name. */
  get health(): ReadonlyMap<string, HealthState> {
    return this.#place.health
  }

  /** Its end has begun. */
  get isStopped(): boolean {
    return this.#stopped !== undefined
  }

  /**
   * Hands it other settings, checked and completed as those of its start.
   * @returns false when it has no `reconfigure` or that returned false: the host would start a new generation then. Here
   * nothing has changed; stop it and run it anew with these settings to see that.
   * @throws CodedError `PLUGIN_CONFIG_INVALID` when they do not fit the schema, else with what `reconfigure` threw.
   */
  async reconfigure(config: object): Promise<boolean> {
    const settled = await this.#settle(config as Config)
    const applied = await this.#place.reconfigure(settled)
    if (applied) this.#config = settled
    return applied
  }

  /** Tells it, as the host does once the listeners are open, that workers can connect at this URL: its `listening`. */
  listening(url: string): void {
    this.#place.listening(url)
  }

  /**
   * Ends it as the host does: no new call reaches it, those that it has are waited for, then `stop()` runs. Safe to call twice.
   * @throws CodedError with what its `stop()` threw; `PLUGIN_BUSY` after `drain_ms` when calls go on, and it runs on.
   */
  stop({ reason = 'stop', force = false }: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#deps.inTurn(() => this.#stop(reason, force))
    return this.#stopped
  }

  async #start(dataDir: string): Promise<void> {
    const { router, projectRoot, version } = this.#deps
    this.#declaration = await this.#place.load(this.name, '')
    const problems = checkEntry(this.#source, this.#entry, this.#declaration, false)
    if (problems.length > 0) throw new EntryError(this.#entry, problems)
    this.#config = await this.#settle(this.#entry.config)
    router.addWorker(this.#worker)
    const handOver = router.beginHandOver([this.#slot])
    try {
      handOver.stage(this.#worker)
      const about = { version, url: '', projectRoot }
      const context = { config: this.#config, dataDir, replica: 0, instance: this.name, rests: false, engine: about }
      const started = this.#place.start(context).then(() => handOver.registered())
      await this.#inTime('start()', router.options.start_ms, started)
      if (handOver.conflicts.length > 0) throw new CodedError('PLUGIN_START_FAILED', handOver.conflicts.join('; '))
      handOver.commit()
    } catch (error) {
      handOver.abandon()
      throw error
    }
  }

  async #stop(reason: StopReason, force: boolean): Promise<void> {
    const { router } = this.#deps
    const handOver = router.beginHandOver([this.#slot])
    const drainMs = force ? 0 : router.options.drain_ms
    if (!(await handOver.drain(drainMs)) && !force) {
      const inFlight = this.#worker.calls.size
      handOver.reopen()
      this.#stopped = undefined
      throw new CodedError(
        'PLUGIN_BUSY',
        `calls of plugin '${this.name}' did not end within ${drainMs} ms: ${inFlight} in flight`,
      )
    }
    const why = `plugin '${this.name}' was stopped`
    handOver.failRemaining(why)
    try {
      await this.#inTime('stop()', router.options.stop_ms, this.#place.stop(reason))
    } finally {
      handOver.failRemaining(why)
      handOver.commit()
      await this.#leave()
    }
  }

  #inTime<Value>(what: string, ms: number, work: Promise<Value>): Promise<Value> {
    const late = () => new CodedError('PLUGIN_TIMEOUT', `${what} of plugin '${this.name}' did not end within ${ms} ms`)
    return withDeadline(work, ms, late)
  }

  async #settle(config: Config): Promise<Config> {
    const settle = settleSettings(NO_SETTINGS_SEAT, this.log)
    const settings = await settle(this.#source, this.#declaration!, { ...this.#entry, config })
    return settings.config
  }

  async #leave(): Promise<void> {
    const { router } = this.#deps
    router.endWorker(this.#worker, { abnormal: false })
    router.removeSlot(this.#slot)
    await this.#place.leave()
  }
}
