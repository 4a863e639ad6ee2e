// The turns of changed configurations: one is prepared, and holds up others that concern its plugins until it is committed or
// discarded. Remembers which one is in force, and which one is refused because of a plugin.
import type { Clock } from '../../../base/time/clock.ts'
import type { EngineConfig } from '../../config/types.ts'
import type { Log } from '../../log.ts'
import type { Discovery } from '../table/discover.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import { busyWait } from './busy-wait.ts'
import { PreparedConfiguration, type PreparedPlugins } from './prepared-configuration.ts'
import type { Reconciler, ReconcileReport } from './reconciler.ts'
import type { TurnQueue } from './turn-queue.ts'
import { isConcerned, type Wish } from './wish.ts'

export interface ConfigurationTurnsDeps {
  readonly queue: TurnQueue
  readonly clock: Clock
  readonly log: Log
  readonly table: PluginTable
  readonly reconciler: Reconciler
  /** Default 60 s. */
  readonly heldMs?: number
  discover(config: EngineConfig): Promise<Discovery>
  /** Plugins of this folder are of interest. */
  onPluginsDir(dir: string): void
  /** A configuration that was refused may be prepared again. */
  onRetry(refused: EngineConfig): void | Promise<void>
  /** A configuration is in force that this instance runs with, while its code on disk was refused with an earlier one. */
  onCodeRefused(instance: PluginInstance): void
  /** Time for work that a change should not wait for. */
  onTurnOver(): void
}

const HELD_MS = 60_000
/** Claimed by whoever brings entries of the configuration, or what is found on disk, into the table. */
export const ENTRIES: unique symbol = Symbol('entries')

export class ConfigurationTurns {
  readonly #deps: ConfigurationTurnsDeps
  #inForce: EngineConfig
  #refused: EngineConfig | undefined
  /** How often in a row calls were in the way. */
  #busyAttempts = 0
  #cancelRetry: (() => void) | undefined
  #outstanding: PreparedConfiguration | undefined
  #turns = 0
  #closed = false

  constructor(inForce: EngineConfig, deps: ConfigurationTurnsDeps) {
    this.#inForce = inForce
    this.#deps = deps
  }

  get inForce(): EngineConfig {
    return this.#inForce
  }

  async prepare(wanted: EngineConfig): Promise<PreparedPlugins> {
    const { queue, clock, log, onTurnOver, discover, heldMs = HELD_MS } = this.#deps
    const found = await discover(wanted)
    let claimed = new Set<unknown>()
    const claim = (): ReadonlySet<unknown> => {
      const concerned = this.#wishes(wanted, found).filter(isConcerned)
      return (claimed = new Set<unknown>([ENTRIES, ...concerned.map(({ instance }) => instance.name)]))
    }
    return new Promise((resolve, reject) => {
      const turn = async (): Promise<void> => {
        if (this.#closed) throw new Error('the plugin host is shutting down')
        const over = Promise.withResolvers<void>()
        const wishes = this.#wishes(wanted, found).map((wish) => ({
          ...wish,
          untouched: !claimed.has(wish.instance.name),
        }))
        const part = await this.#prepared(wanted, found, wishes, () => over.resolve())
        this.#outstanding = part
        const cancel = clock.after(heldMs, () => {
          log.error(`a prepared configuration was neither committed nor discarded within ${heldMs} ms; it is discarded`)
          void part.expire()
        })
        resolve(part)
        if (this.#closed) void part.discard()
        await over.promise
        cancel()
        this.#outstanding = undefined
        onTurnOver()
      }
      queue.enqueue(`configuration ${++this.#turns}`, claim, turn).catch(reject)
    })
  }

  /** Something has changed that may mend a refused configuration. Never rejects. */
  async retry(): Promise<void> {
    const { log, onRetry } = this.#deps
    if (this.#refused === undefined || this.#closed) return
    try {
      await onRetry(this.#refused)
    } catch (error) {
      log.error('the refused configuration could not be tried again', { error: String(error) })
    }
  }

  /** Nobody waits for a prepared configuration any more. */
  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    void this.#outstanding?.discard()
  }

  async #prepared(
    wanted: EngineConfig,
    found: Discovery,
    wishes: readonly Wish[],
    onOver: () => void,
  ): Promise<PreparedConfiguration> {
    const { table, reconciler, clock, onPluginsDir } = this.#deps
    const { pluginsDir } = this.#inForce
    this.#cancelRetry?.()
    if (wanted.pluginsDir !== pluginsDir) onPluginsDir(wanted.pluginsDir)
    const prepared = await reconciler.prepare(wishes)
    return new PreparedConfiguration(prepared, {
      reconciler,
      onCommitted: (report) => {
        this.#inForce = wanted
        this.#refused = undefined
        this.#busyAttempts = 0
        table.discovered(found)
        this.#tryCodeAgain(report)
      },
      onRefused: (busy) => {
        this.#refused = wanted
        this.#busyAttempts = busy ? this.#busyAttempts + 1 : 0
        if (busy) this.#cancelRetry = clock.after(busyWait(this.#busyAttempts), () => void this.retry())
        // What lies in the folder that is in force is known all the same.
        if (wanted.pluginsDir === pluginsDir) table.discovered(found)
      },
      onOver,
    })
  }

  /** Of every instance that the configuration has or had. */
  #wishes(wanted: EngineConfig, found: Discovery): Wish[] {
    const { table } = this.#deps
    const entries = new Map(table.entriesOf(wanted, found).map((entry) => [table.instanceOf(entry, found), entry]))
    const instances = new Set([...table.all, ...entries.keys()])
    return [...instances].map((instance): Wish => {
      const entry = entries.get(instance)
      const runs = entry !== undefined && entry.enabled && !instance.held
      const source = found.sources.get(instance.plugin)
      const problem = found.problems.get(instance.plugin)
      return { instance, cause: 'configuration', entry, runs, source, problem }
    })
  }

  #tryCodeAgain({ reconfigured }: ReconcileReport): void {
    const { table, onCodeRefused } = this.#deps
    for (const name of reconfigured) {
      const instance = table.find(name)
      if (instance?.refusals.has('code') === true) onCodeRefused(instance)
    }
  }
}
