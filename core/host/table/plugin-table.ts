// All plugin instances that the host knows, their transitions, and who is told about them (spec 09 §3).
import { CodedError } from '../../../protocol/errors.ts'
import type { EngineConfig, WorkerEntry } from '../../config/types.ts'
import type { Log } from '../../log.ts'
import { pluginChannel } from '../../telemetry/channels.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { Discovery } from './discover.ts'
import type { Generation, GenerationError } from '../generations/generation.ts'
import { isIdle, type Failure, type Retry } from './phase.ts'
import { PluginInstance } from './plugin-instance.ts'
import type { RefusedSubject, StaleReason } from './refusals.ts'

/** An event of the trigger type `engine::plugins-changed`. */
export interface PluginEvent {
  readonly event: 'started' | 'reloaded' | 'stopped' | 'failed' | 'stale'
  readonly name: string
  readonly generation: number
  readonly error?: string
}

export class PluginTable {
  readonly #instances = new Map<string, PluginInstance>()
  readonly #listeners = new Set<(event: PluginEvent) => void>()
  readonly #satisfiedListeners = new Set<() => void>()
  readonly #clock: Clock
  readonly #log: Log
  readonly #maxCrashes: number
  readonly #onFailed: (instance: PluginInstance, why: string) => void

  /** @param onFailed the instance has failed, as its phase says. */
  constructor(clock: Clock, log: Log, maxCrashes: number, onFailed: (instance: PluginInstance, why: string) => void) {
    this.#onFailed = onFailed
    this.#clock = clock
    this.#log = log
    this.#maxCrashes = maxCrashes
  }

  get all(): readonly PluginInstance[] {
    return [...this.#instances.values()]
  }

  find(name: string): PluginInstance | undefined {
    return this.#instances.get(name)
  }

  /** @throws {CodedError} PLUGIN_NOT_FOUND */
  get(name: string): PluginInstance {
    const instance = this.#instances.get(name)
    if (instance === undefined)
      throw new CodedError('PLUGIN_NOT_FOUND', `no plugin is named '${name}'; see: iii plugins list`)
    return instance
  }

  of(plugin: string): readonly PluginInstance[] {
    return this.all.filter((instance) => instance.plugin === plugin)
  }

  /** The entries of a configuration that are instances of plugins, in the order of the file; the rest of it belongs to others. */
  entriesOf({ entries }: Pick<EngineConfig, 'entries'>, { sources, problems }: Discovery): readonly WorkerEntry[] {
    return entries.filter(({ name }) => sources.has(name) || problems.has(name) || this.of(name).length > 0)
  }

  /** Before the first start: what was found, and the instances of all entries. */
  fill(config: Pick<EngineConfig, 'entries'>, found: Discovery): readonly PluginInstance[] {
    this.discovered(found)
    return this.entriesOf(config, found).map((entry) => {
      const instance = this.instanceOf(entry, found)
      instance.entry = entry
      this.add(instance)
      this.rest(instance)
      return instance
    })
  }

  /** The instance of an entry. One that is new is not in the table yet. */
  instanceOf({ instanceId, name }: WorkerEntry, { sources, problems }: Discovery): PluginInstance {
    const known = this.#instances.get(instanceId)
    if (known !== undefined) return known
    const instance = this.#make(instanceId, name)
    instance.source = sources.get(name)
    instance.problem = problems.get(name)
    return instance
  }

  add(instance: PluginInstance): void {
    this.#instances.set(instance.name, instance)
  }

  /**
   * Takes over what was found on disk. Plugins that vanished stay known while they have an entry or are anywhere.
   * @returns instances whose plugin is to be had now and was not before.
   */
  discovered({ sources, problems }: Discovery): readonly PluginInstance[] {
    for (const name of sources.keys()) if (!this.#instances.has(name)) this.add(this.#make(name, name))
    const appeared: PluginInstance[] = []
    for (const instance of this.all) {
      const source = sources.get(instance.plugin)
      if (source !== undefined && instance.source === undefined) appeared.push(instance)
      instance.source = source
      instance.problem = source === undefined ? problems.get(instance.plugin) : undefined
      this.forgetIfGone(instance)
    }
    for (const problem of problems.values()) this.#log.error(problem)
    return appeared
  }

  /** Of a further instance its entry is all there is; a plugin is known by its files as well. */
  forgetIfGone(instance: PluginInstance): void {
    const { name, plugin, source, problem, entry, phase, refusals } = instance
    const hasFiles = name === plugin && (source !== undefined || problem !== undefined)
    const isKnown = hasFiles || refusals.shown !== undefined
    if (entry === undefined && isIdle(phase) && !isKnown) this.#instances.delete(name)
  }

  onEvent(listener: (event: PluginEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Nothing is refused any more of what was: no event tells it, since what runs has not changed. */
  onSatisfied(listener: () => void): void {
    this.#satisfiedListeners.add(listener)
  }

  /** The phase of an instance that does not run and is not meant to. */
  rest(instance: PluginInstance): void {
    if (isIdle(instance.phase)) instance.phase = { name: restingPhase(instance) }
  }

  committed(instance: PluginInstance, generation: Generation, cause: string, ms: number): void {
    const first = instance.generationNumber === 0 || isIdle(instance.phase)
    instance.generationNumber += 1
    instance.startedAt = new Date(this.#clock.now()).toISOString()
    instance.loadMs = Math.round(ms)
    instance.enter({ name: 'running', generation }, cause, this.#clock.now(), ms)
    this.#log[levelOf(cause)](`plugin '${instance.name}' ${first ? 'runs' : 'reloaded'}`, {
      generation: instance.generationNumber,
      cause,
      ms: Math.round(ms),
      ...listeningOf(instance),
    })
    this.#tellReplacement(instance, generation)
    this.#emit(instance, first ? 'started' : 'reloaded', undefined, ms)
  }

  /** What runs under the name of a built-in is told when it changes: it has the worker's rights, and may not do what the worker does. */
  #tellReplacement(instance: PluginInstance, { plan }: Generation): void {
    const { name, plugin, replacedBy } = instance
    const { replaces, origin } = plan.source
    const now = replaces ? origin : undefined
    instance.replacedBy = now
    if (now === replacedBy) return
    if (now === undefined) this.#log.info(`plugin '${name}' is the built-in worker again, and no longer ${replacedBy}`)
    else this.#log.warn(`plugin '${name}' is ${now}, which runs in the place of the built-in worker ${plugin}`)
  }

  /** The same generation with another configuration. */
  reconfigured(instance: PluginInstance, cause: 'configuration' | 'settings', ms: number): void {
    instance.note('running', 'reconfigure', this.#clock.now(), ms)
    this.#log[levelOf(cause)](`plugin '${instance.name}' took its new settings`, {
      cause,
      ms: Math.round(ms),
      ...listeningOf(instance),
    })
    this.#emit(instance, 'reloaded', undefined, ms)
  }

  stopped(instance: PluginInstance, cause: string, ms: number): void {
    if (isIdle(instance.phase)) return this.rest(instance)
    instance.startedAt = undefined
    instance.refusals.clearAll()
    instance.enter({ name: restingPhase(instance) }, cause, this.#clock.now(), ms)
    this.#emit(instance, 'stopped', undefined, ms)
  }

  /** It does not serve, and nothing will change that by itself. */
  failed(instance: PluginInstance, { code, message, problems }: Failure, cause: string, ms = 0): void {
    instance.enter({ name: 'failed', failure: { code, message, problems } }, cause, this.#clock.now(), ms, message)
    this.#onFailed(instance, message)
    this.#log.error(`plugin '${instance.name}' failed`, { error: message, cause })
    this.#emit(instance, 'failed', message, ms)
  }

  /** What runs, or that nothing runs, stays as it is; new code or configuration was refused. */
  refused(
    instance: PluginInstance,
    subject: RefusedSubject,
    { reason, message }: { readonly reason: StaleReason; readonly message: string },
    cause: string,
    ms = 0,
  ): void {
    const isNews = instance.refusals.add(subject, reason, message, this.#clock.now())
    instance.note(instance.state, cause, this.#clock.now(), ms, message)
    const what = isIdle(instance.phase)
      ? 'is not started'
      : `keeps its old ${subject === 'configuration' ? 'settings' : 'code'}`
    // A refused configuration is tried again with each saved file, of whatever plugin; code with its own alone.
    const level = isNews || subject === 'code' ? 'error' : 'debug'
    this.#log[level](`plugin '${instance.name}' ${what}`, { reason, error: message })
    this.#emit(instance, 'stale', message, ms)
  }

  /** Its changed entry is not in force because of another plugin, of which that is told. */
  heldUp(instance: PluginInstance, message: string): void {
    instance.refusals.add('configuration', 'held_up', message, this.#clock.now())
    this.#log.debug(`plugin '${instance.name}' is held up`, { error: message })
    this.#emit(instance, 'stale', message, 0)
  }

  /** It serves on with what is in force: who wanted to set something else gets the error. */
  settingsRefused(instance: PluginInstance, { reason, message }: GenerationError, ms: number): void {
    instance.note(instance.state, 'settings', this.#clock.now(), ms, message)
    this.#log.warn(`plugin '${instance.name}' keeps its settings, those that were to be set are refused`, {
      reason,
      error: message,
    })
  }

  /** What was refused is in force or was taken back. */
  satisfied(instance: PluginInstance, subject: RefusedSubject): void {
    if (!instance.refusals.clear(subject)) return
    for (const listener of this.#satisfiedListeners) listener()
    if (instance.generation === undefined || instance.refusals.shown !== undefined) return
    this.#log.info(`plugin '${instance.name}' is up to date again`)
  }

  restarting(
    instance: PluginInstance,
    ended: Generation,
    error: { code: string; message: string },
    inMs: number,
    retry: Retry,
  ): void {
    instance.enter({ name: 'restarting', ended, retry }, 'crash', this.#clock.now(), 0, error.message)
    this.#log.warn(`plugin '${instance.name}' ended and is started again in ${inMs} ms`, {
      code: error.code,
      error: error.message,
    })
  }

  #make(name: string, plugin: string): PluginInstance {
    return new PluginInstance(name, plugin, this.#maxCrashes)
  }

  #emit(instance: PluginInstance, event: PluginEvent['event'], error: string | undefined, ms: number): void {
    const told: PluginEvent = {
      event,
      name: instance.name,
      generation: instance.generationNumber,
      ...(error !== undefined && { error }),
    }
    if (pluginChannel.hasSubscribers) pluginChannel.publish({ ...told, ms })
    for (const listener of this.#listeners) listener(told)
  }
}

function restingPhase({ entry, held }: PluginInstance): 'available' | 'disabled' | 'stopped' {
  if (entry === undefined) return 'available'
  if (!entry.enabled) return 'disabled'
  return held ? 'stopped' : 'available'
}

/** What a boot or a changed configuration leads to is told as a whole by those. */
function levelOf(cause: string): 'debug' | 'info' {
  return cause === 'boot' || cause === 'configuration' ? 'debug' : 'info'
}

function listeningOf({ generation }: PluginInstance): { listening?: readonly string[] } {
  const addresses = generation?.addresses ?? []
  return addresses.length === 0 ? {} : { listening: addresses }
}
