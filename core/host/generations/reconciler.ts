// Keeps what runs equal to what is wanted (design, "Plugins"). Whoever wants something says it as wishes, and there is one way from
// there: plan, prepare, check, carry out, record. Its callers see to it that one group of wishes is on this way at a time.
import { contradictions, type Standing } from '../table/coexistence.ts'
import { cancelRetry, isIdle } from '../table/phase.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import type { WorkerEntry } from '../../config/types.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import { asGenerationError, Generation, GenerationError } from './generation.ts'
import {
  HandOvers,
  type HandOverFailure,
  type HandOverOptions,
  type HandOversDeps,
  type HandOverStep,
} from './hand-overs.ts'
import type { Planner } from './planner.ts'
import type { Settings } from './plugin-settings.ts'
import { subjectOf, type Refusal, type Step, type Wish } from './wish.ts'

/** Of a wish that stands alone. */
export interface ReconcileOptions extends HandOverOptions {
  /** Asked when everything is ready: true = the change is not wanted any more, and nothing is changed. */
  readonly isOff?: () => boolean
}

export interface ReconcilerDeps extends HandOversDeps {
  readonly planner: Planner
  /** A built-in that may have several instances; other plugins declare it. */
  isRepeatable(source: PluginSource): boolean
}

export interface Prepared {
  /** In the order of the wishes. */
  readonly steps: readonly Step[]
  /** Wishes that can't be carried out. Those that would be carried out alone may go on without them. */
  readonly refusals: readonly Refusal[]
}

/** Instances by what became of them. */
export interface ReconcileReport {
  readonly started: readonly string[]
  readonly reloaded: readonly string[]
  readonly reconfigured: readonly string[]
  readonly stopped: readonly string[]
}

/** The steps were not carried out; everything is as it was before. */
export class NotCarriedOut extends Error {
  readonly error: GenerationError
  /** Instances whose change it was that failed. */
  readonly culprits: readonly string[]
  /** What is still to be written down. */
  readonly refusals: readonly Refusal[]

  constructor({ error, culprits, refused }: HandOverFailure) {
    super(error.message, { cause: error })
    this.error = error
    this.culprits = culprits.map(nameOf)
    this.refusals = refused.map(({ wish }) => ({ wish, error }))
  }
}

type Reconfigure = Extract<Step, { kind: 'reconfigure' }>

interface Reconfigured {
  readonly step: Reconfigure
  readonly before: { readonly settings: Settings; readonly entry: WorkerEntry }
}

interface Pending {
  readonly step: HandOverStep
  /** Carried out or discarded. */
  readonly over: PromiseWithResolvers<void>
}

export class Reconciler {
  readonly #deps: ReconcilerDeps
  readonly #handOvers: HandOvers
  /** Prepared and neither carried out nor discarded: what other groups, of other instances, are checked against as if it ran. */
  readonly #pending = new Map<PluginInstance, Pending>()

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
    this.#handOvers = new HandOvers(deps)
  }

  /** The whole way for a wish that stands alone. @throws {GenerationError} once it is recorded; then everything is as it was. */
  async reconcile(wish: Wish, { isOff, ...options }: ReconcileOptions = {}): Promise<ReconcileReport> {
    const began = performance.now()
    const { steps, refusals } = await this.prepare([wish])
    const [refusal] = refusals
    if (refusal !== undefined) {
      this.refuse(refusal, performance.now() - began)
      throw refusal.error
    }
    if (isOff?.() === true) {
      await this.discard(steps)
      return { started: [], reloaded: [], reconfigured: [], stopped: [] }
    }
    try {
      return await this.carryOut(steps, options)
    } catch (failure) {
      if (!(failure instanceof NotCarriedOut)) throw failure
      const ms = performance.now() - began
      if (wish.cause === 'settings') this.#deps.table.settingsRefused(wish.instance, failure.error, ms)
      else for (const each of failure.refusals) this.refuse(each, ms)
      throw failure.error
    }
  }

  /** Plans, prepares and checks. Nothing that runs is touched, and nobody notices. */
  async prepare(wishes: readonly Wish[]): Promise<Prepared> {
    const outcomes = await Promise.all(wishes.map((wish) => this.#step(wish)))
    const refusals = outcomes.filter((outcome): outcome is Refusal => 'error' in outcome)
    const steps = outcomes.filter((outcome): outcome is Step => 'kind' in outcome)
    const problems = this.#check(steps, refusals)
    const refused = steps.filter((step) => problems.has(step))
    const sound = steps.filter((step) => !problems.has(step))
    for (const step of sound) if (step.kind === 'replace') this.#addPending(step)
    await this.discard(refused)
    return {
      steps: sound,
      refusals: [...refusals, ...refused.flatMap((step) => problems.get(step) ?? [])],
    }
  }

  /** @throws {NotCarriedOut} */
  async carryOut(steps: readonly Step[], options: HandOverOptions = {}): Promise<ReconcileReport> {
    return this.#carryOut(steps, options).finally(() => this.#noLongerPending(steps))
  }

  async #carryOut(steps: readonly Step[], options: HandOverOptions): Promise<ReconcileReport> {
    const { table } = this.#deps
    const began = performance.now()
    for (const { wish } of steps) if (table.find(wish.instance.name) === undefined) table.add(wish.instance)
    const unmet = await this.#awaitRequired(steps)
    if (unmet !== undefined) {
      await this.discard(steps)
      throw new NotCarriedOut(unmet)
    }
    const { inPlace, others, failure } = await this.#reconfigure(steps)
    const wasUp = new Set(others.filter(({ wish }) => wish.instance.generation !== undefined))
    const notMade = failure ?? (others.length === 0 ? undefined : await this.#handOvers.make(others, options))
    if (notMade !== undefined) {
      await this.discard(failure === undefined ? [] : others)
      await takeBack(inPlace)
      this.#releaseUnused(steps)
      throw new NotCarriedOut(notMade)
    }
    for (const step of steps) if (step.kind === 'keep') this.#keep(step)
    for (const { step } of inPlace) this.#reconfigured(step, performance.now() - began)
    const names = (of: (step: HandOverStep) => boolean): string[] => others.filter(of).map(nameOf)
    return {
      started: names((step) => step.kind === 'replace' && !wasUp.has(step)),
      reloaded: names((step) => step.kind === 'replace' && wasUp.has(step)),
      reconfigured: inPlace.map(({ step }) => nameOf(step)),
      stopped: names(({ kind }) => kind === 'stop'),
    }
  }

  /** Gives back what was prepared. */
  async discard(steps: readonly Step[]): Promise<void> {
    this.#noLongerPending(steps)
    await Promise.all(steps.map((step) => (step.kind === 'replace' ? step.to.discard() : undefined)))
    this.#releaseUnused(steps)
  }

  #addPending(step: HandOverStep): void {
    this.#pending.set(step.wish.instance, { step, over: Promise.withResolvers<void>() })
  }

  #noLongerPending(steps: readonly Step[]): void {
    for (const { wish } of steps) {
      this.#pending.get(wish.instance)?.over.resolve()
      this.#pending.delete(wish.instance)
    }
  }

  /**
   * What a step requires may be about to start in a turn that began before: then it is waited for.
   * @returns what came of it, for a step that has waited in vain.
   */
  async #awaitRequired(steps: readonly Step[]): Promise<HandOverFailure | undefined> {
    const own = new Set(steps.map(({ wish }) => wish.instance))
    const required = new Set(steps.flatMap((step) => (step.kind === 'replace' ? step.to.declaration.requires : [])))
    const before: Promise<void>[] = []
    for (const [instance, { over }] of this.#pending) {
      if (own.has(instance)) break
      if (required.has(instance.plugin) && instance.generation === undefined) before.push(over.promise)
    }
    if (before.length === 0) return undefined
    await Promise.all(before)
    // Whoever wished for it writes down what became of it.
    await new Promise((resolve) => setImmediate(resolve))
    const [problem] = this.#check(steps, [])
    return problem && { error: problem[1].error, culprits: [problem[0]], refused: [problem[0]] }
  }

  /** Writes down that a wish was refused, and what that means for its instance. */
  refuse({ wish: { instance, cause }, error }: Refusal, ms = 0): void {
    const { table } = this.#deps
    // The one who sets them gets the error; a restart is tried again, and who can't move stays.
    if (cause === 'settings' || cause === 'crash' || cause === 'load') return
    const isUp = instance.generation !== undefined || instance.state === 'restarting'
    // A newcomer is shown too: its entry waits.
    if (table.find(instance.name) === undefined) table.add(instance)
    if (isUp || cause === 'configuration') table.refused(instance, subjectOf(cause), error, cause, ms)
    else table.failed(instance, error, cause, ms)
  }

  /** Writes down that a wish is not carried out because of others of its group. */
  holdUp({ instance }: Wish, message: string): void {
    const { table } = this.#deps
    if (table.find(instance.name) === undefined) table.add(instance)
    table.heldUp(instance, message)
  }

  /** Fulfilled when no old generation drains any more, but for one that rested and still does after that time. */
  settled(restedMs: number): Promise<void> {
    return this.#handOvers.settled(restedMs)
  }

  // ── plan, prepare, check ─────────────────────────────────────────────────────────────────────────────────────────

  async #step(wish: Wish): Promise<Step | Refusal> {
    const { planner, around } = this.#deps
    try {
      const plan = await planner.plan(wish)
      if (plan.kind !== 'replace') return plan
      return { kind: 'replace', wish, to: await Generation.prepare(plan.plan, around) }
    } catch (error) {
      return { wish, error: asGenerationError('import', 'PLUGIN_START_FAILED', error) }
    }
  }

  /** What the group of steps contradicts: itself, or what runs. */
  #check(steps: readonly Step[], refusals: readonly Refusal[]): ReadonlyMap<Step, Refusal> {
    const { table } = this.#deps
    const group = new Map(steps.map((step) => [step.wish.instance, step]))
    const down = new Map<string, string>()
    for (const { plugin, phase } of table.all) if (phase.name === 'failed') down.set(plugin, phase.failure.message)
    for (const { wish, error } of refusals) down.set(wish.instance.plugin, error.message)
    const origins = new Map(table.all.map(({ name, entry }) => [name, entry?.origin]))
    for (const { wish } of [...steps, ...refusals]) origins.set(wish.instance.name, wish.entry?.origin)
    const originOf = (name: string): string | undefined => origins.get(name)

    const running = table.all.flatMap((instance) => this.#standing(instance, instance.declaration, instance.entry))
    const before = contradictions(running, originOf, down)
    const after = [...new Set([...table.all, ...this.#pending.keys(), ...group.keys()])]
      .sort((a, b) => rank(group.get(a)) - rank(group.get(b)))
      .map((instance) => ({ instance, step: group.get(instance) ?? this.#pending.get(instance)?.step }))
      .flatMap(({ instance, step }) => {
        if (step?.kind === 'stop') return []
        const declaration = step?.kind === 'replace' ? step.to.declaration : instance.declaration
        return this.#standing(instance, declaration, step?.wish.entry ?? instance.entry)
      })
    const problems = contradictions(after, originOf, down)
    const found = new Map<Step, Refusal>()
    for (const step of steps) {
      const problem = problems.get(nameOf(step))
      // One that was there before is nothing that this change brings.
      if (problem === undefined || (step.kind !== 'replace' && before.has(nameOf(step)))) continue
      const error = new GenerationError('config', 'PLUGIN_START_FAILED', problem)
      found.set(step, { wish: step.wish, error })
    }
    return found
  }

  #standing(
    instance: PluginInstance,
    declaration: PluginDeclaration | undefined,
    entry: WorkerEntry | undefined,
  ): Standing[] {
    if (declaration === undefined) return []
    const { name, plugin, source } = instance
    const repeatable = declaration.repeatable === true || (source !== undefined && this.#deps.isRepeatable(source))
    return [{ name, plugin, declaration, repeatable, origin: entry?.origin ?? name }]
  }

  // ── carry out, record ────────────────────────────────────────────────────────────────────────────────────────────

  /** Applies settings in place; where that can't be, a generation is prepared for the hand-over with the others. */
  async #reconfigure(
    steps: readonly Step[],
  ): Promise<{ inPlace: Reconfigured[]; others: HandOverStep[]; failure?: HandOverFailure }> {
    const inPlace: Reconfigured[] = []
    const others = steps.filter((step): step is HandOverStep => step.kind === 'replace' || step.kind === 'stop')
    const failed = (error: GenerationError, step: Step) => {
      return { inPlace, others, failure: { error, culprits: [step], refused: [step] } }
    }
    const late: HandOverStep[] = []
    for (const step of steps) {
      if (step.kind !== 'reconfigure') continue
      const { generation, settings, entry, wish } = step
      const before = { settings: generation.settings, entry: generation.plan.entry }
      try {
        // It may have crashed since it was asked.
        const serves = wish.instance.generation === generation
        if (serves && (await generation.reconfigure(settings, entry))) {
          inPlace.push({ step, before })
          continue
        }
        const to = await Generation.prepare(await step.otherwise(), this.#deps.around)
        const instead: HandOverStep = { kind: 'replace', wish, to }
        late.push(instead)
        others.push(instead)
        this.#addPending(instead)
      } catch (error) {
        return failed(asGenerationError('import', 'PLUGIN_START_FAILED', error), step)
      }
    }
    const [problem] = late.length === 0 ? [] : this.#check(withLate(steps, late), [])
    return problem === undefined ? { inPlace, others } : failed(problem[1].error, problem[0])
  }

  #keep({ wish: { instance, entry, cause }, isCurrent }: Extract<Step, { kind: 'keep' }>): void {
    const { table } = this.#deps
    const { phase } = instance
    if (cause === 'configuration') {
      instance.entry = entry
      table.rest(instance)
      table.satisfied(instance, 'configuration')
      table.forgetIfGone(instance)
    }
    if (!isCurrent) return
    // The change was taken back: what runs is what is wanted.
    cancelRetry(phase)
    if (phase.name === 'running') instance.phase = { name: 'running', generation: phase.generation }
    table.satisfied(instance, 'code')
  }

  #reconfigured({ wish: { instance, cause }, entry, generation }: Reconfigure, ms: number): void {
    const { table, settings } = this.#deps
    instance.entry = entry
    if (cause === 'settings') {
      table.reconfigured(instance, 'settings', ms)
      settings.changed(generation.about, generation.config)
      return
    }
    instance.refusals.clear('configuration')
    table.reconfigured(instance, 'configuration', ms)
    this.#handOvers.tellSettings(generation)
  }

  /** Of an instance that does not run nothing is left behind: its ids are free. */
  #releaseUnused(steps: readonly Step[]): void {
    const { table, around } = this.#deps
    const { router } = around
    for (const { wish } of steps) {
      const { instance } = wish
      if (!isIdle(instance.phase)) continue
      if (instance.slot !== undefined) router.removeSlot(instance.slot)
      instance.slot = undefined
      table.forgetIfGone(instance)
    }
  }
}

/** Who runs already comes first: of two that exclude each other the newcomer is refused. */
function rank(step: Step | undefined): number {
  if (step?.kind !== 'replace') return 0
  return step.wish.instance.generation === undefined ? 2 : 1
}

function withLate(steps: readonly Step[], late: readonly HandOverStep[]): Step[] {
  return steps.map((step) => late.find(({ wish }) => wish === step.wish) ?? step)
}

async function takeBack(done: readonly Reconfigured[]): Promise<void> {
  for (const { step, before } of done) await step.generation.reconfigure(before.settings, before.entry)
}

function nameOf({ wish }: Step): string {
  return wish.instance.name
}
