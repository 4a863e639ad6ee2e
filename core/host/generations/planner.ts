// From a wish to a plan: keep what runs, change its settings in place, make a new generation, stop it. Builds what is to be built.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../../base/time/clock.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { WorkerEntry } from '../../config/types.ts'
import type { PluginSlot } from '../../model/plugin-slot.ts'
import { BuildError } from '../builds/build.ts'
import type { PluginBuilds } from '../builds/plugin-builds.ts'
import { isIdle } from '../table/phase.ts'
import { onlyConfigDiffers } from '../table/same-entry.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import { GenerationError, type Generation, type GenerationPlan } from './generation.ts'
import type { Settings, SettleSettings } from './plugin-settings.ts'
import type { RouterPort } from './router-port.ts'
import { isConcerned, type Plan, type Wish } from './wish.ts'

export interface PlannerDeps {
  readonly clock: Clock
  readonly builds: PluginBuilds
  readonly router: Pick<RouterPort, 'openSlot'>
  readonly settle: SettleSettings
  /** With this entry it must not share a thread, whatever it says. */
  needsOwnThread(source: PluginSource, entry: WorkerEntry): boolean
  /** With this entry it shares a thread until it is used. */
  restsUntilUsed(source: PluginSource, entry: WorkerEntry): boolean
  wasUsed(instance: string): boolean
  /** New inputs are known, after a build that worked or one that failed. */
  onInputs(source: PluginSource): void
}

/** Calls in flight to one generation when the entry says nothing (spec 09 §5). */
const MAX_IN_FLIGHT = 10_000
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024
/** For a build, which may read what never ends, such as a pipe, or what does not answer, such as a folder on the network. */
export const BUILD_MS = 60_000

export class Planner {
  readonly #deps: PlannerDeps

  constructor(deps: PlannerDeps) {
    this.#deps = deps
  }

  /** @throws {GenerationError} with reason `build` or `config` */
  async plan(wish: Wish): Promise<Plan> {
    const { instance, entry, runs, cause } = wish
    const { generation } = instance
    const keep: Plan = { kind: 'keep', wish, isCurrent: false }
    if (wish.untouched === true) return keep
    if (!runs || entry === undefined)
      return isIdle(instance.phase) || wish.crashed !== undefined ? keep : { kind: 'stop', wish }
    if (wish.settings !== undefined) return this.#planSettings(wish)
    if (wish.crashed !== undefined) {
      // A wish that came first has seen to it, or the code has been given up.
      const isOver = instance.state === 'failed' || generation?.isWhole === true
      return isOver ? keep : { kind: 'replace', wish, plan: { ...wish.crashed.plan, ...this.#place(wish, entry) } }
    }
    if (cause === 'start' && generation !== undefined) return keep
    if (cause === 'configuration') return this.#planEntry(wish, entry)
    const plan = await this.#fromDisk(wish, entry)
    const isSame = generation?.isWhole === true && plan.bundle.hash === generation.plan.bundle.hash
    if (isSame && wish.anew !== true) return { ...keep, isCurrent: true }
    return { kind: 'replace', wish, plan: { ...plan, apart: plan.apart || generation !== undefined } }
  }

  async #planSettings(wish: Wish): Promise<Plan> {
    const { generation } = wish.instance
    if (generation === undefined || wish.settings === undefined) return { kind: 'keep', wish, isCurrent: false }
    const { plan } = generation
    const settings = await this.#settings(generation, plan.entry, wish)
    if (isDeepStrictEqual(settings.config, generation.config)) return { kind: 'keep', wish, isCurrent: false }
    // The code that runs, not what lies on disk: somebody changes settings, and nothing else.
    const otherwise = async (): Promise<GenerationPlan> => ({ ...plan, apart: true, settings: wish.settings ?? {} })
    if (this.#endsRest(generation, plan.entry, settings)) return { kind: 'replace', wish, plan: await otherwise() }
    return { kind: 'reconfigure', wish, entry: plan.entry, generation, settings, otherwise }
  }

  async #planEntry(wish: Wish, entry: WorkerEntry): Promise<Plan> {
    const { instance } = wish
    const { generation } = instance
    // One that is down already, with an entry that is not touched, keeps nobody else's change from being made.
    if (!isConcerned(wish)) return { kind: 'keep', wish, isCurrent: false }
    const otherwise = (): Promise<GenerationPlan> => this.#fromDisk(wish, entry)
    if (generation !== undefined && onlyConfigDiffers(generation.plan.entry, entry)) {
      try {
        const settings = await this.#settings(generation, entry, wish)
        if (this.#endsRest(generation, entry, settings)) return { kind: 'replace', wish, plan: await otherwise() }
        return { kind: 'reconfigure', wish, entry, generation, settings, otherwise }
      } catch (error) {
        // It may be meant for the code on disk, which does not run yet or was refused because of the old settings.
        const plan = await otherwise().catch(() => undefined)
        if (plan === undefined || plan.bundle.hash === generation.plan.bundle.hash) throw error
        return { kind: 'replace', wish, plan }
      }
    }
    return { kind: 'replace', wish, plan: await otherwise() }
  }

  /** With these settings it could not be moved when it is used. */
  #endsRest({ plan, rested }: Generation, entry: WorkerEntry, { config }: Settings): boolean {
    return rested && !this.#deps.restsUntilUsed(plan.source, { ...entry, config })
  }

  async #settings({ plan, declaration }: Generation, entry: WorkerEntry, { settings }: Wish): Promise<Settings> {
    try {
      return await this.#deps.settle(plan.source, declaration, entry, settings)
    } catch (error) {
      const code = error instanceof CodedError ? error.code : 'PLUGIN_CONFIG_INVALID'
      throw new GenerationError('config', code, (error as Error).message, { cause: error })
    }
  }

  async #fromDisk(wish: Wish, entry: WorkerEntry): Promise<GenerationPlan> {
    const { builds, clock, onInputs } = this.#deps
    const { instance, source, problem } = wish
    if (source === undefined) {
      const message = problem ?? `the files of plugin '${instance.plugin}' are gone`
      throw new GenerationError('build', 'PLUGIN_BUILD_FAILED', message)
    }
    try {
      const bundle = await withDeadline(builds.bundleOf(source), BUILD_MS, () => lateBuild(source), clock)
      return { name: instance.name, source, entry, bundle, ...this.#place(wish, entry) }
    } catch (error) {
      if (error instanceof BuildError) throw new GenerationError('build', error.code, error.message, { cause: error })
      throw error
    } finally {
      onInputs(source)
    }
  }

  #place({ instance, source }: Wish, entry: WorkerEntry): Pick<GenerationPlan, 'slot' | 'apart' | 'rests'> {
    const { router, needsOwnThread, restsUntilUsed, wasUsed } = this.#deps
    const slot = (instance.slot ??= router.openSlot(instance.name, slotOptions(source, entry)))
    if (instance.apart || source === undefined) return { slot, apart: instance.apart }
    // One that has served before may have been used.
    const rests = instance.generation === undefined && restsUntilUsed(source, entry) && !wasUsed(instance.name)
    return { slot, apart: needsOwnThread(source, entry), rests }
  }
}

function lateBuild({ name, entryFile }: PluginSource): GenerationError {
  const message = `the build of plugin '${name}' did not end within ${BUILD_MS / 1000} s: look whether '${entryFile}' and the files that it imports can be read`
  return new GenerationError('build', 'PLUGIN_BUILD_FAILED', message)
}

export function slotOptions(source: PluginSource | undefined, { maxInFlight }: WorkerEntry): PluginSlot['options'] {
  return {
    builtIn: source?.builtIn === true || source?.replaces === true,
    maxInFlight: maxInFlight ?? MAX_IN_FLIGHT,
    maxInFlightBytes: MAX_IN_FLIGHT_BYTES,
  }
}
