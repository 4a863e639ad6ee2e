// Carries out changes of generation, one group at a time, and writes down how each instance came out of it.
import { settlesWithin } from '../../../base/time/deadline.ts'
import type { StopReason } from '../../../sdk/plugin.ts'
import type { DrainedState } from '../../model/drained-state.ts'
import type { CrashWatch } from '../containers/crash-watch.ts'
import { cancelRetry, type Phase } from '../table/phase.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import { changeGenerations, type Change, type ChangeSurroundings } from './change-of-generation.ts'
import type { Generation, GenerationError } from './generation.ts'
import { slotOptions } from './planner.ts'
import { keepsSettings, type SettingsSeat } from './plugin-settings.ts'
import type { Cause, Step } from './wish.ts'

export interface HandOversDeps {
  readonly table: PluginTable
  readonly around: ChangeSurroundings
  readonly crashes: CrashWatch
  readonly settings: SettingsSeat
  readonly drainMs: number
  /** The change was not made; what serves on has lost replicas meanwhile. */
  onBroken(instance: PluginInstance, generation: Generation): void
  /** The change was not made; the code that crashed is still to be started again. */
  onStillDown(instance: PluginInstance, ended: Generation): void
}

export interface HandOverOptions {
  /** Default `reload`. */
  readonly reason?: StopReason
  /** What is in flight after the drain fails instead of making the change fail. Default false. */
  readonly force?: boolean
  /** Default `engine.drain_ms`. */
  readonly drainMs?: number
  /** Default `answered`. */
  readonly drainsUntil?: DrainedState
  /** A plugin that does not even read that it is to stop is waited for so long. Default `engine.stop_ms`, as for any `stop()`. */
  readonly unreadMs?: number
}

interface Retiring {
  readonly instance: PluginInstance
  readonly generation: Generation
  readonly ended: Promise<void>
}

export type HandOverStep = Extract<Step, { kind: 'replace' | 'stop' }>

/** Nothing was changed, but for instances that could not be started again: these are `failed` already. */
export interface HandOverFailure {
  readonly error: GenerationError
  /** Whose change it was that failed; all of them where it is nobody's alone. */
  readonly culprits: readonly Step[]
  /** Those of them of which this is still to be written down. */
  readonly refused: readonly Step[]
}

export class HandOvers {
  readonly #deps: HandOversDeps
  /** Old generations of `overlap` plugins that still drain. */
  readonly #retiring = new Set<Retiring>()

  constructor(deps: HandOversDeps) {
    this.#deps = deps
  }

  /** Makes the changes together or none of them. */
  async make(
    steps: readonly HandOverStep[],
    { reason = 'reload', force = false, drainMs = this.#deps.drainMs, drainsUntil, unreadMs }: HandOverOptions,
  ): Promise<HandOverFailure | undefined> {
    const { around, crashes } = this.#deps
    // A plugin saved again and again does not pile up old generations. One that is to stop takes nothing more while they drain.
    await this.#retired(steps.filter(({ kind }) => kind === 'replace'))
    const began = performance.now()
    const changes = steps.map((step): Change => {
      const { instance } = step.wish
      return { instance, from: instance.generation, to: step.kind === 'replace' ? step.to : undefined }
    })
    const before = changes.map(({ instance }) => instance.phase)
    for (const change of changes) begin(change)
    const outcome = await changeGenerations(changes, { reason, force, drainMs, drainsUntil, unreadMs }, around)
    const ms = performance.now() - began
    changes.forEach(({ instance }, index) => (instance.phase = before[index] ?? instance.phase))
    if (outcome.error !== undefined) {
      for (const [index, change] of changes.entries()) this.#back(change, outcome, steps[index]?.wish.cause, ms)
      const { culprit, lost, error } = outcome
      const culprits = steps.filter(({ wish }) => culprit === undefined || culprit === wish.instance)
      const refused = culprits.filter(({ wish: { instance } }) => {
        return !lost.has(instance) && (culprit !== undefined || instance.generation !== undefined)
      })
      return { error, culprits, refused }
    }
    for (const step of steps) this.#made(step, ms)
    for (const { instance, from } of changes) {
      if (from === undefined) continue
      crashes.unwatch(from)
      this.#retire(instance, from, outcome.retired)
    }
    await this.#retired(steps.filter(({ kind }) => kind === 'stop'))
    return undefined
  }

  /** Fulfilled when no old generation drains any more, but for one that rested and still does after that time. */
  async settled(restedMs: number): Promise<void> {
    const { clock } = this.#deps.around
    await Promise.all(
      [...this.#retiring].map(({ generation, ended }) =>
        generation.rested ? settlesWithin(ended, restedMs, clock) : ended,
      ),
    )
  }

  /** Tells the holder of the seat `settings` what a generation runs with; a new holder is told of all. */
  tellSettings(generation: Generation): void {
    const { table, settings } = this.#deps
    const told = keepsSettings(generation.declaration)
      ? table.all.flatMap(({ generation: other }) => (other === undefined || other === generation ? [] : other))
      : [generation]
    for (const { about, settings: inForce } of told) settings.applied(about, inForce.config, inForce.from)
  }

  #made(step: HandOverStep, ms: number): void {
    const { table, crashes, around, settings } = this.#deps
    const { instance, cause, entry, crashed, settings: newSettings } = step.wish
    if (step.kind === 'replace') {
      const { plan } = step.to
      instance.entry = plan.entry
      instance.apart ||= plan.apart
      plan.slot.options = slotOptions(plan.source, plan.entry)
      // It is the code on disk, unless it is what crashed or what somebody set for the code that ran.
      if (crashed === undefined && newSettings === undefined) instance.refusals.clear('code')
      if (cause === 'configuration') instance.refusals.clear('configuration')
      table.committed(instance, step.to, cause, ms)
      crashes.watch(step.to)
      this.tellSettings(step.to)
      return
    }
    instance.entry = entry
    if (entry === undefined) settings.removed(instance.name)
    table.stopped(instance, cause, ms)
    if (instance.slot !== undefined) around.router.removeSlot(instance.slot)
    instance.slot = undefined
    table.forgetIfGone(instance)
  }

  /** What serves after a change that was not made: the old generation, or that one started again, or nothing. */
  #back(
    { instance, from }: Change,
    { revived, lost }: Pick<Awaited<ReturnType<typeof changeGenerations>>, 'revived' | 'lost'>,
    cause: Cause = 'reload',
    ms: number,
  ): void {
    const { table, crashes, around, onBroken, onStillDown } = this.#deps
    const { phase, slot } = instance
    // A restart that failed is tried again by whoever asked for it.
    if (phase.name === 'restarting' && cause !== 'crash') onStillDown(instance, phase.ended)
    // Of another wish it is written down that it failed again.
    if (phase.name === 'failed' && cause === 'configuration' && slot !== undefined)
      around.router.refuseCalls(slot, phase.failure.message)
    if (from === undefined) return
    const error = lost.get(instance)
    const again = revived.get(instance)
    if (error !== undefined || again !== undefined) crashes.unwatch(from)
    if (error !== undefined) {
      table.failed(instance, error, cause, ms)
    } else if (again !== undefined) {
      instance.phase = { name: 'running', generation: again }
      crashes.watch(again)
    } else if (!from.isWhole) {
      onBroken(instance, from)
    }
  }

  /** One that rested has no thread of its own to be waited for. */
  async #retired(steps: readonly HandOverStep[]): Promise<void> {
    const instances = new Set(steps.map(({ wish }) => wish.instance))
    const those = [...this.#retiring].filter(
      ({ instance, generation }) => instances.has(instance) && !generation.rested,
    )
    await Promise.all(those.map(({ ended }) => ended))
  }

  #retire(instance: PluginInstance, generation: Generation, retired: Promise<void>): void {
    const ended = retired.finally(() => this.#retiring.delete(retiring))
    const retiring = { instance, generation, ended }
    this.#retiring.add(retiring)
  }
}

function begin({ instance, from, to }: Change): void {
  cancelRetry(instance.phase)
  instance.phase = phaseDuring(instance.phase, from, to)
}

function phaseDuring(phase: Phase, from: Generation | undefined, to: Generation | undefined): Phase {
  if (from !== undefined) return { name: 'draining', generation: from }
  return to === undefined || phase.name === 'restarting' ? phase : { name: 'starting' }
}
