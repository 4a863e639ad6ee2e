// All plugins that the host knows, their transitions, and who is told about them (spec 09 §3).
import { CodedError } from '../../../protocol/errors.ts'
import type { WorkerEntry } from '../../config/types.ts'
import type { Log } from '../../log.ts'
import { pluginChannel } from '../../telemetry/channels.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { Discovery } from './discover.ts'
import type { Generation, GenerationError } from '../generations/generation.ts'
import { PluginRecord, type StaleReason } from './plugin-record.ts'

/** An event of the trigger type `engine::plugins-changed`. */
export interface PluginEvent {
  readonly event: 'started' | 'reloaded' | 'stopped' | 'failed' | 'stale'
  readonly name: string
  readonly generation: number
  readonly error?: string
}

export class PluginTable {
  readonly #records = new Map<string, PluginRecord>()
  readonly #listeners = new Set<(event: PluginEvent) => void>()
  readonly #clock: Clock
  readonly #log: Log
  readonly #maxCrashes: number

  constructor(clock: Clock, log: Log, maxCrashes: number) {
    this.#clock = clock
    this.#log = log
    this.#maxCrashes = maxCrashes
  }

  get all(): readonly PluginRecord[] {
    return [...this.#records.values()]
  }

  find(name: string): PluginRecord | undefined {
    return this.#records.get(name)
  }

  /** @throws {CodedError} PLUGIN_NOT_FOUND */
  get(name: string): PluginRecord {
    const record = this.#records.get(name)
    if (record === undefined)
      throw new CodedError('PLUGIN_NOT_FOUND', `no plugin is named '${name}'; see: iii plugins list`)
    return record
  }

  /** Takes over what was found on disk. Plugins that vanished stay known while they run. */
  discovered({ sources, problems }: Discovery): void {
    for (const [name, source] of sources) {
      const record = this.#ensure(name)
      record.source = source
      record.problem = undefined
    }
    for (const record of this.#records.values()) {
      if (sources.has(record.name)) continue
      record.source = undefined
      record.problem = problems.get(record.name)
      if (record.generation === undefined && !problems.has(record.name)) this.#records.delete(record.name)
    }
    for (const problem of problems.values()) this.#log.error(problem)
  }

  onEvent(listener: (event: PluginEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The state of a plugin that does not run and is not meant to. */
  settleIdle(record: PluginRecord): void {
    const { entry, held } = record
    record.state = entry === undefined ? 'available' : !entry.enabled ? 'disabled' : held ? 'stopped' : record.state
  }

  committed(record: PluginRecord, generation: Generation, entry: WorkerEntry, cause: string, ms: number): void {
    const first = record.generationNumber === 0 || record.state === 'stopped' || record.state === 'available'
    record.generation = generation
    record.entry = entry
    record.generationNumber += 1
    record.startedAt = new Date(this.#clock.now()).toISOString()
    record.loadMs = Math.round(ms)
    record.stale = undefined
    record.failure = undefined
    record.busyRetries = 0
    this.#move(record, 'running', cause, ms)
    this.#log[levelOf(cause)](`plugin '${record.name}' ${first ? 'runs' : 'reloaded'}`, {
      generation: record.generationNumber,
      cause,
      ms: Math.round(ms),
      ...listeningOf(record),
    })
    this.#emit(record, first ? 'started' : 'reloaded', undefined, ms)
  }

  /** The same generation with another configuration. */
  reconfigured(record: PluginRecord, entry: WorkerEntry, cause: 'configuration' | 'settings', ms: number): void {
    record.entry = entry
    record.stale = undefined
    this.#move(record, 'running', 'reconfigure', ms)
    this.#log[levelOf(cause)](`plugin '${record.name}' took its new settings`, {
      cause,
      ms: Math.round(ms),
      ...listeningOf(record),
    })
    this.#emit(record, 'reloaded', undefined, ms)
  }

  stopped(record: PluginRecord, cause: string, ms: number): void {
    record.generation = undefined
    record.startedAt = undefined
    record.stale = undefined
    record.failure = undefined
    this.#move(
      record,
      record.entry === undefined ? 'available' : record.entry.enabled ? 'stopped' : 'disabled',
      cause,
      ms,
    )
    this.#emit(record, 'stopped', undefined, ms)
  }

  /** It does not serve, and nothing will change that by itself. */
  failed(record: PluginRecord, error: { code: string; message: string }, cause: string, ms = 0): void {
    record.generation = undefined
    record.failure = { code: error.code, message: error.message }
    this.#move(record, 'failed', cause, ms, error.message)
    this.#log.error(`plugin '${record.name}' failed`, { error: error.message, cause })
    this.#emit(record, 'failed', error.message, ms)
  }

  /** It serves on with its old code; new code or configuration was refused. */
  stale(
    record: PluginRecord,
    error: GenerationError | { reason: StaleReason; message: string },
    cause: string,
    ms = 0,
  ): void {
    record.markStale(error.reason, error.message, this.#clock.now())
    this.#move(record, record.state, cause, ms, error.message)
    const kept = cause === 'configuration' ? 'settings' : 'code'
    this.#log.error(`plugin '${record.name}' keeps its old ${kept}`, { reason: error.reason, error: error.message })
    this.#emit(record, 'stale', error.message, ms)
  }

  /** It serves on with what is in force: who wanted to set something else gets the error. */
  settingsRefused(record: PluginRecord, { reason, message }: GenerationError, ms: number): void {
    this.#move(record, record.state, 'settings', ms, message)
    this.#log.warn(`plugin '${record.name}' keeps its settings, those that were to be set are refused`, {
      reason,
      error: message,
    })
  }

  /** The new code or configuration was taken back: what runs is what is wanted. */
  fresh(record: PluginRecord): void {
    if (record.stale === undefined) return
    record.stale = undefined
    record.busyRetries = 0
    this.#log.info(`plugin '${record.name}' is up to date again`)
  }

  restarting(record: PluginRecord, error: { code: string; message: string }, inMs: number): void {
    this.#move(record, 'restarting', 'crash', 0, error.message)
    this.#log.warn(`plugin '${record.name}' ended and is started again in ${inMs} ms`, {
      code: error.code,
      error: error.message,
    })
  }

  #ensure(name: string): PluginRecord {
    let record = this.#records.get(name)
    if (record === undefined) {
      record = new PluginRecord(name, this.#maxCrashes)
      this.#records.set(name, record)
    }
    return record
  }

  #move(record: PluginRecord, to: PluginRecord['state'], cause: string, ms: number, error?: string): void {
    record.move(to, cause, this.#clock.now(), ms, error)
  }

  #emit(record: PluginRecord, event: PluginEvent['event'], error: string | undefined, ms: number): void {
    const told: PluginEvent = {
      event,
      name: record.name,
      generation: record.generationNumber,
      ...(error !== undefined && { error }),
    }
    if (pluginChannel.hasSubscribers) pluginChannel.publish({ ...told, ms })
    for (const listener of this.#listeners) listener(told)
  }
}

/** What a boot or a changed configuration leads to is told as a whole by those. */
function levelOf(cause: string): 'debug' | 'info' {
  return cause === 'boot' || cause === 'configuration' ? 'debug' : 'info'
}

function listeningOf({ generation }: PluginRecord): { listening?: readonly string[] } {
  const addresses = generation?.addresses ?? []
  return addresses.length === 0 ? {} : { listening: addresses }
}
