// Prepares and carries out changes of generation, and writes down how they ended. Its callers decide what is wanted and see to it
// that one change runs at a time.
import type { StopReason } from '../../../sdk/plugin.ts'
import type { WorkerEntry } from '../../config/types.ts'
import type { PluginSlot } from '../../model/plugin-slot.ts'
import { BuildError } from '../builds/build.ts'
import { changeGenerations, type Change, type ChangeSurroundings } from './change-of-generation.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { CrashWatch } from '../containers/crash-watch.ts'
import { Generation, GenerationError, type GenerationPlan } from './generation.ts'
import type { PluginBuilds } from '../builds/plugin-builds.ts'
import type { PluginRecord } from '../table/plugin-record.ts'
import { keepsSettings, type SettingsSeat } from './plugin-settings.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import { orderByRequires } from '../table/requires.ts'

export interface PluginChangesOptions {
  readonly table: PluginTable
  readonly builds: PluginBuilds
  readonly around: ChangeSurroundings
  readonly crashes: CrashWatch
  readonly settings: SettingsSeat
  readonly drainMs: number
  /** New inputs are known, after a build that worked or one that failed. */
  readonly onInputs: (record: PluginRecord) => void
}

/** One plugin's part of a change: what it shall be. */
export interface WantedChange {
  readonly record: PluginRecord
  readonly to: Generation | undefined
  /** The entry that holds after the commit. */
  readonly entry: WorkerEntry | undefined
}

export interface CarryOutOptions {
  readonly cause: string
  readonly reason?: StopReason
  readonly force?: boolean
  /** Default `engine.drain_ms`. */
  readonly drainMs?: number
}

/** Calls in flight to one generation when the entry says nothing (spec 09 §5). */
const MAX_IN_FLIGHT = 10_000
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024

export class PluginChanges {
  readonly #options: PluginChangesOptions
  /** Old generations of `overlap` plugins that still drain. */
  readonly #retiring = new Map<PluginRecord, Promise<void>>()

  constructor(options: PluginChangesOptions) {
    this.#options = options
  }

  /** The plan for the code on disk and this entry. @throws {GenerationError} with reason `build` */
  async plan(record: PluginRecord, entry: WorkerEntry): Promise<GenerationPlan> {
    const { builds, onInputs } = this.#options
    const { source } = record
    if (source === undefined) {
      throw new GenerationError(
        'build',
        'PLUGIN_BUILD_FAILED',
        record.problem ?? `the files of plugin '${record.name}' are gone`,
      )
    }
    try {
      const bundle = await builds.bundleOf(source)
      return { source, entry, bundle, slot: this.#slotOf(record, entry), apart: record.apart }
    } catch (error) {
      if (error instanceof BuildError) throw new GenerationError('build', error.code, error.message, { cause: error })
      throw error
    } finally {
      onInputs(record)
    }
  }

  prepare(plan: GenerationPlan): Promise<Generation> {
    return Generation.prepare(plan, this.#options.around)
  }

  /** Problems of `requires` once these changes are made, by name of the plugin that can't run. */
  requiresProblems(changes: readonly WantedChange[]): ReadonlyMap<string, string> {
    const wanted = new Map<string, readonly string[]>()
    for (const { name, generation } of this.#options.table.all)
      if (generation !== undefined) wanted.set(name, generation.declaration.requires)
    for (const { record, to } of changes) {
      if (to === undefined) wanted.delete(record.name)
      else wanted.set(record.name, to.declaration.requires)
    }
    return orderByRequires(wanted).problems
  }

  /** Makes the changes together. @throws {GenerationError} when they were not made; the old generations serve then. */
  async carryOut(
    wanted: readonly WantedChange[],
    { cause, reason = 'reload', force = false, drainMs }: CarryOutOptions,
  ): Promise<number> {
    const { around, table, crashes } = this.#options
    // A plugin saved again and again does not pile up old generations.
    await Promise.all(wanted.map(({ record }) => this.#retiring.get(record)))
    const began = performance.now()
    const changes: Change[] = wanted.map(({ record, to }) => ({ record, from: record.generation, to }))
    const states = changes.map(({ record }) => record.state)
    for (const { record, from } of changes) {
      record.cancelRetry?.()
      record.cancelRetry = undefined
      record.changing = true
      record.state = from !== undefined ? 'draining' : record.state === 'restarting' ? 'restarting' : 'starting'
    }
    const outcome = await changeGenerations(
      changes,
      { reason, force, drainMs: drainMs ?? this.#options.drainMs },
      around,
    )
    const ms = performance.now() - began
    changes.forEach(({ record }, index) => {
      record.state = states[index] ?? record.state
      record.changing = false
    })
    if (outcome.error === undefined) {
      for (const change of wanted) this.#made(change, cause, ms)
      for (const { record, from } of changes) {
        if (from === undefined) continue
        crashes.unwatch(from)
        this.#retire(record, outcome.retired)
      }
      return ms
    }
    for (const { record, from } of changes) {
      const lost = outcome.lost.get(record)
      const serving = lost === undefined ? (outcome.revived.get(record) ?? from) : undefined
      record.generation = serving
      if (from !== undefined && serving !== from) crashes.unwatch(from)
      if (serving !== undefined && serving !== from) crashes.watch(serving)
      if (lost !== undefined) table.failed(record, lost, cause, ms)
    }
    const { culprit } = outcome
    for (const { record, from } of changes) {
      if (outcome.lost.has(record) || (culprit !== undefined && culprit !== record)) continue
      if (from === undefined) continue
      // Settings that are refused are wanted by nobody any more; files that are refused still lie there.
      if (cause === 'settings') table.settingsRefused(record, outcome.error, ms)
      else table.stale(record, outcome.error, cause, ms)
    }
    outcome.error.plugin = culprit?.name
    throw outcome.error
  }

  /** A generation that was prepared and is not wanted any more. */
  async drop(generations: readonly (Generation | undefined)[]): Promise<void> {
    await Promise.all(generations.map((generation) => generation?.discard()))
  }

  /** Fulfilled when no old generation drains any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#retiring.values())
  }

  /** Tells the holder of the seat `settings` what a generation runs with; a new holder is told of all. */
  tellSettings(generation: Generation): void {
    const { table, settings } = this.#options
    const told = keepsSettings(generation.declaration)
      ? table.all.flatMap(({ generation: other }) => (other === undefined || other === generation ? [] : other))
      : [generation]
    for (const { about, settings: inForce } of told) settings.applied(about, inForce.config, inForce.from)
  }

  #made({ record, to, entry }: WantedChange, cause: string, ms: number): void {
    const { table, crashes, around } = this.#options
    if (to !== undefined) {
      to.plan.slot.options = slotOptions(record, to.plan.entry)
      table.committed(record, to, to.plan.entry, cause, ms)
      crashes.watch(to)
      this.tellSettings(to)
      return
    }
    record.entry = entry
    if (entry === undefined) this.#options.settings.removed(record.name)
    table.stopped(record, cause, ms)
    if (record.slot !== undefined) around.router.removeSlot(record.slot)
    record.slot = undefined
  }

  #retire(record: PluginRecord, retired: Promise<void>): void {
    const ended = retired.finally(() => {
      if (this.#retiring.get(record) === ended) this.#retiring.delete(record)
    })
    this.#retiring.set(record, ended)
  }

  #slotOf(record: PluginRecord, entry: WorkerEntry): PluginSlot {
    record.slot ??= this.#options.around.router.openSlot(record.name, slotOptions(record, entry))
    return record.slot
  }
}

function slotOptions({ source }: PluginRecord, { maxInFlight }: WorkerEntry): PluginSlot['options'] {
  return {
    builtIn: source?.builtIn === true || source?.replaces === true,
    maxInFlight: maxInFlight ?? MAX_IN_FLIGHT,
    maxInFlightBytes: MAX_IN_FLIGHT_BYTES,
  }
}

/** Any error as one that says in which step it happened. */
export function generationErrorFrom(error: unknown): GenerationError {
  if (error instanceof GenerationError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof CodedError ? error.code : 'PLUGIN_START_FAILED'
  return new GenerationError('import', code, message, { cause: error })
}
