// One generation of one plugin: a bundle with its configuration, loaded into fresh places, one per replica
// (design, "Change of generation"). It is prepared, started, stopped; when and in which order is `change-of-generation.ts`.
import { CodedError, isErrorBody, toErrorBody } from '../../../protocol/errors.ts'
import type { Isolation, StopReason } from '../../../sdk/plugin.ts'
import { EntryError, entryProblemsOf, type EntryProblem } from '../../config/entry-problem.ts'
import type { WorkerEntry } from '../../config/types.ts'
import type { EngineOptions } from '../../model/options.ts'
import type { Log } from '../../log.ts'
import type { PluginSlot } from '../../model/plugin-slot.ts'
import type { Worker } from '../../model/worker.ts'
import type { Bundle, PluginDeclaration } from '../builds/bundle.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import type { Container } from '../containers/container.ts'
import type { Used } from '../containers/host-messages.ts'
import { checkEntry, isolationOf } from '../table/entry-rules.ts'
import { errorPlace } from '../builds/error-place.ts'
import type { HandOverPort } from './router-port.ts'
import type { StaleReason } from '../table/refusals.ts'
import { untilRead, whileItReads } from './reading-places.ts'
import { declarationOf, isResting, openReplica, type Replica } from './replica.ts'
import type { SettingsAbout } from '../../../protocol/seats.ts'
import { aboutOf, type Config, type Settings, type SettleSettings } from './plugin-settings.ts'
import type { PluginSource } from '../table/plugin-source.ts'

/** What a generation is to be made of. */
export interface GenerationPlan {
  /** Of the instance. */
  readonly name: string
  readonly source: PluginSource
  readonly entry: WorkerEntry
  readonly bundle: Bundle
  readonly slot: PluginSlot
  /** It may not share a thread any more. */
  readonly apart: boolean
  /** It shares one until it is used, whatever it declares. */
  readonly rests?: boolean
  /** About to be set in place of the settings that count. */
  readonly settings?: Config
}

/** What generations need of their surroundings. */
export interface GenerationSurroundings {
  readonly clock: Clock
  readonly options: Pick<EngineOptions, 'start_ms' | 'stop_ms'>
  readonly log: Log
  readonly engine: { readonly version: string; url(): string; readonly projectRoot: string }
  readonly canDenyNetwork: boolean
  dataDirOf(instance: string): string
  container(isolation: Isolation, plan: GenerationPlan): Promise<Container>
  readonly settle: SettleSettings
  /** Keeps the declaration for the next start; need not be done when it returns. */
  remember(plan: GenerationPlan, declaration: PluginDeclaration): void
  retain(bundle: Bundle): () => void
  /** The instance rested, and is used. */
  onUsed(instance: string, how: Used): void
}

/** Why a generation could not be prepared or started, in the words of `stale.reason`. */
export class GenerationError extends CodedError {
  readonly reason: StaleReason

  constructor(reason: StaleReason, code: string, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.reason = reason
  }

  /** Where it is the entry that is wrong. */
  get problems(): readonly EntryProblem[] | undefined {
    return entryProblemsOf(this)
  }
}

/** For a `stop()` that nobody waits for: of one that rested, and was replaced by one that had started before, without anybody having asked. */
const UNASKED_STOP_MS = 60_000
/** What a plugin whose `start()` did not end gets to notice its `signal`. */
const STOP_AFTER_LATE_START_MS = 500

export class Generation {
  /** Changes only by `reconfigure`: what it would be started again with. */
  plan: GenerationPlan
  readonly declaration: PluginDeclaration
  readonly isolation: Isolation
  readonly replicas: readonly Replica[]
  /** Replaced by `reconfigure`. */
  #settings: Settings
  readonly #around: GenerationSurroundings
  readonly #release: () => void
  /** Somebody is about to set them, and gets the error. */
  readonly #settingsAreNew: boolean
  #ended: Promise<void> | undefined
  #isAwake = false
  #startTimedOut = false

  private constructor(
    plan: GenerationPlan,
    declaration: PluginDeclaration,
    settings: Settings,
    replicas: readonly Replica[],
    around: GenerationSurroundings,
  ) {
    // Started again, it gets what counts then.
    const { settings: newSettings, ...kept } = plan
    this.plan = kept
    this.#settingsAreNew = newSettings !== undefined
    this.declaration = declaration
    this.isolation = this.rested ? 'shared' : isolationOf(plan.entry, declaration)
    this.#settings = settings
    this.replicas = replicas
    this.#around = around
    this.#release = around.retain(plan.bundle)
  }

  /** Imports the bundle in fresh places and checks entry and configuration. Nothing is started, nobody notices. */
  static async prepare(plan: GenerationPlan, around: GenerationSurroundings): Promise<Generation> {
    const release = around.retain(plan.bundle)
    const replicas: Replica[] = []
    try {
      const declaration = await declarationOf(plan, around, replicas)
      const problems = checkEntry(plan.source, plan.entry, declaration, around.canDenyNetwork)
      if (problems.length > 0)
        throw asGenerationError('config', 'PLUGIN_CONFIG_INVALID', new EntryError(plan.entry, problems))
      const settings = await settled(plan, declaration, around)
      const missing = plan.entry.replicas - replicas.length
      const opened = Array.from({ length: missing }, () => openReplica(plan, declaration, around))
      const outcomes = await Promise.allSettled(opened)
      for (const outcome of outcomes) if (outcome.status === 'fulfilled') replicas.push(outcome.value)
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      return new Generation(plan, declaration, settings, replicas, around)
    } catch (error) {
      await Promise.all(replicas.map(({ place }) => place.leave()))
      throw asGenerationError('import', 'PLUGIN_START_FAILED', error, placeOf(plan, around, error))
    } finally {
      release()
    }
  }

  get name(): string {
    return this.plan.name
  }

  get plugin(): string {
    return this.plan.source.name
  }

  /** It began to rest in a shared thread, and may have been used since. */
  get rested(): boolean {
    return isResting(this.plan)
  }

  /** It rested, and somebody uses it who would be cut off if it were moved now. */
  get stays(): boolean {
    return this.replicas.some(({ stays }) => stays === true)
  }

  /** False when a replica has ended by itself. */
  get isWhole(): boolean {
    return this.replicas.every(({ exit }) => exit === undefined)
  }

  /** Since when some replica of it reads nothing, in milliseconds since the epoch. */
  get stalledSince(): number | undefined {
    const all = this.replicas.flatMap(({ exit, stalledSince }) => (exit === undefined ? (stalledSince ?? []) : []))
    return all.length === 0 ? undefined : Math.min(...all)
  }

  /** Validated, with defaults. */
  get config(): Config {
    return this.#settings.config
  }

  get settings(): Settings {
    return this.#settings
  }

  /** For the holder of the seat `settings`. */
  get about(): SettingsAbout {
    return aboutOf(this.plan.source, this.declaration, this.plan.entry)
  }

  /** What its replicas listen on. */
  get addresses(): readonly string[] {
    return [...new Set(this.replicas.flatMap(({ place }) => place.addresses))]
  }

  get workers(): readonly Worker[] {
    return this.replicas.map(({ worker }) => worker)
  }

  /** It was told to stop: the end of its containers is meant. */
  get ending(): boolean {
    return this.#ended !== undefined
  }

  /** Asks for its settings again: before its start, when who decides them has started after it was prepared. */
  async settleAgain(): Promise<void> {
    this.#settings = await settled(this.plan, this.declaration, this.#around)
  }

  /** Whoever reads of a setting looks for it in the configuration file, where these are not. */
  #withOriginOfSettings(error: GenerationError): GenerationError {
    if (this.#settings.from !== 'stored' || this.#settingsAreNew) return error
    const where = 'the file that `iii config explain` names'
    const remedy = `correct or remove ${where}, or edit its block in the configuration file`
    const message = `${error.message.replace(/\.?$/, '.')} Its settings were set at run time: ${remedy}.`
    return new GenerationError(error.reason, error.code, message, { cause: error })
  }

  /** Runs `start()` of every replica; what they register goes to the hand-over's stage. */
  async start(handOver: HandOverPort): Promise<void> {
    const { clock, options, engine } = this.#around
    await allOrFirstError(
      this.replicas.map(async ({ place, worker }, replica) => {
        handOver.stage(worker)
        if (this.rested) handOver.rest(this.plan.slot, this.#wake)
        const dataDir = this.#around.dataDirOf(this.name)
        const { version, projectRoot } = engine
        const about = { version, url: engine.url(), projectRoot }
        const context = {
          config: this.config,
          dataDir,
          replica,
          instance: this.name,
          rests: this.rested,
          engine: about,
        }
        const started = place.start(context).then(() => handOver.registered())
        await withDeadline(started, options.start_ms, () => this.#late('start()', options.start_ms), clock)
      }),
    ).catch((error: unknown) => {
      this.#startTimedOut = error instanceof CodedError && error.code === 'PLUGIN_TIMEOUT'
      throw this.#withOriginOfSettings(
        asGenerationError('start', 'PLUGIN_START_FAILED', error, placeOf(this.plan, this.#around, error)),
      )
    })
  }

  /**
   * Applies changed settings in place. False = it can't; the caller makes a new generation.
   * @throws {GenerationError} when the plugin refuses them with PLUGIN_CONFIG_INVALID: a new generation would not do better.
   */
  async reconfigure(settings: Settings, entry: WorkerEntry): Promise<boolean> {
    const { clock, options, log } = this.#around
    const { start_ms: ms } = options
    const apply = async ({ place }: Replica, config: Config): Promise<boolean | CodedError> => {
      try {
        return await withDeadline(place.reconfigure(config), ms, () => this.#late('reconfigure()', ms), clock)
      } catch (error) {
        const { code, message } = toErrorBody(error)
        if (code === 'PLUGIN_CONFIG_INVALID') return new CodedError(code, message)
        log.info(`plugin '${this.name}' did not take its new configuration in place`, { error: message })
        return false
      }
    }
    const applied = await Promise.all(this.replicas.map((replica) => apply(replica, settings.config)))
    const refusal = applied.find((outcome) => outcome instanceof CodedError)
    if (refusal !== undefined) {
      const others = this.replicas.filter((_replica, index) => applied[index] === true)
      await Promise.all(others.map((replica) => apply(replica, this.config)))
      throw new GenerationError('config', refusal.code, refusal.message, { cause: refusal })
    }
    if (applied.includes(false)) return false
    this.#settings = settings
    this.plan = { ...this.plan, entry }
    return true
  }

  /** The listeners of the engine are open, the first one at this URL; it was started. */
  listening(url: string): void {
    for (const { place, exit } of this.replicas) if (exit === undefined) place.listening(url)
  }

  /**
   * Runs `stop()` of every replica, then gives the places up. Never fails: what goes wrong is logged.
   * @param unreadMs a replica that reads nothing for so long is not waited for any longer.
   * @param handOver calls that come too late go back to its gates.
   */
  async stop(reason: StopReason, unreadMs?: number, handOver?: HandOverPort): Promise<void> {
    const { clock, options, log } = this.#around
    // The gate is closed meanwhile: one that may be stuck in a loop is not waited for a second time.
    const usualMs = this.rested && this.declaration.overlap && reason === 'reload' ? UNASKED_STOP_MS : options.stop_ms
    const stopMs = this.#startTimedOut ? Math.min(STOP_AFTER_LATE_START_MS, options.stop_ms) : usualMs
    this.#ended ??= Promise.all(
      this.replicas.map(async ({ place, worker, exit }) => {
        if (exit === undefined) {
          const stopped = withDeadline(place.stop(reason), stopMs, () => this.#late('stop()', stopMs), clock)
          await (unreadMs === undefined ? stopped : whileItReads(stopped, place, unreadMs, clock)).catch(
            (error: unknown) => {
              log.warn(`plugin '${this.name}' did not stop cleanly`, { error: toErrorBody(error).message })
            },
          )
          handOver?.close(worker)
          if (worker.inFlight > 0) await untilRead(place, clock)
        }
        await place.leave()
      }),
    ).then(() => this.#release())
    await this.#ended
  }

  /** Gives the places up without asking the plugin. */
  async discard(): Promise<void> {
    this.#ended ??= Promise.all(this.replicas.map(({ place }) => place.leave())).then(() => this.#release())
    await this.#ended
  }

  /** It rests, and somebody calls it. */
  readonly #wake = (): void => {
    if (this.#isAwake) return
    this.#isAwake = true
    this.#around.onUsed(this.name, 'leaves')
  }

  #late(what: string, ms: number): CodedError {
    return new CodedError('PLUGIN_TIMEOUT', `${what} of plugin '${this.name}' did not end within ${ms} ms`)
  }
}

async function settled(
  { source, entry, settings }: GenerationPlan,
  declaration: PluginDeclaration,
  { settle }: GenerationSurroundings,
): Promise<Settings> {
  try {
    return await settle(source, declaration, entry, settings)
  } catch (error) {
    throw asGenerationError('config', 'PLUGIN_CONFIG_INVALID', error)
  }
}

/** Any error as one that says in which step it happened. */
export function asGenerationError(reason: StaleReason, code: string, error: unknown, place?: string): GenerationError {
  if (error instanceof GenerationError) return error
  const body = toErrorBody(error)
  const known = error instanceof CodedError && body.code.startsWith('PLUGIN_')
  const message = place === undefined ? body.message : `${body.message} (${place})`
  return new GenerationError(reason, known ? body.code : code, message, { cause: error })
}

/** The stack that came with the plugin's answer names the line. A built-in's errors are about its settings, not its code. */
function placeOf({ source }: GenerationPlan, { engine }: GenerationSurroundings, error: unknown): string | undefined {
  if (source.builtIn) return undefined
  const body = error instanceof CodedError && isErrorBody(error.cause) ? error.cause : undefined
  return body?.stacktrace === undefined ? undefined : errorPlace(body.stacktrace, source, engine.projectRoot)
}

/** Waits for all before it fails, so that none is still on its way when the failure is dealt with. */
async function allOrFirstError(promises: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises)) if (outcome.status === 'rejected') throw outcome.reason
}
