// The wishes for one instance each: files, calls, settings, restarts, another try when it was busy. Those of one instance come one after
// the other; wishes that wait for their turn are merged.
import { CodedError } from '../../../protocol/errors.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { Generation, GenerationError } from './generation.ts'
import { busyWait } from './busy-wait.ts'
import type { CrashRestarts } from './crash-restarts.ts'
import type { HandOverOptions } from './hand-overs.ts'
import type { Config } from './plugin-settings.ts'
import type { Reconciler, ReconcileReport } from './reconciler.ts'
import type { TurnQueue } from './turn-queue.ts'
import { wishFor, type Cause } from './wish.ts'

/** `unchanged`: the plugin runs with these settings already, or does not run and gets them at its next start. */
export type HowApplied = 'unchanged' | 'in_place' | 'generation'

export interface ReloadResult {
  readonly name: string
  readonly generation: number
  readonly ms: number
}

export interface TurnWish {
  readonly cause: Cause
  readonly force: boolean
  /** A new generation even if code and configuration are those that run. */
  readonly anew: boolean
}

export interface PluginTurnsDeps {
  readonly queue: TurnQueue
  readonly clock: Clock
  readonly reconciler: Reconciler
  readonly restarts: CrashRestarts
  readonly closing: () => boolean
  /** Time for work that a change should not wait for. */
  readonly onTurnOver: () => void
}

/** Calls wait meanwhile, and who owes the plugin an answer passes the gate until it has stopped. */
const MOVE: HandOverOptions = { drainMs: 200, drainsUntil: 'quiet' }

export class PluginTurns {
  readonly #deps: PluginTurnsDeps
  readonly #wishes = new Map<PluginInstance, TurnWish>()
  #settingsTurns = 0

  constructor(deps: PluginTurnsDeps) {
    this.#deps = deps
  }

  /** Brings the instance to what it is to be by then. Rejects with CodedError when the wish was not carried out. */
  wish(instance: PluginInstance, wish: TurnWish): Promise<ReloadResult> {
    const waiting = this.#wishes.get(instance)
    this.#wishes.set(instance, {
      cause: wish.cause,
      force: wish.force || waiting?.force === true,
      anew: wish.anew || waiting?.anew === true,
    })
    return this.#turn(instance, instance.name, async () => {
      const merged = this.#wishes.get(instance) ?? wish
      this.#wishes.delete(instance)
      return this.#change(instance, merged)
    })
  }

  /** @throws {CodedError} when they are refused; nothing has changed then. */
  settings(instance: PluginInstance, settings: Config): Promise<HowApplied> {
    return this.#turn(instance, `${instance.name} settings ${++this.#settingsTurns}`, async () => {
      const { reconfigured, reloaded } = await this.#deps.reconciler.reconcile(
        wishFor(instance, 'settings', { settings }),
      )
      if (reconfigured.length > 0) return 'in_place'
      return reloaded.length > 0 ? 'generation' : 'unchanged'
    })
  }

  /** Starts the code that crashed again, not what lies on disk. How it ends is seen to here. */
  restart(instance: PluginInstance, crashed: Generation): void {
    const { reconciler, restarts } = this.#deps
    const turn = this.#turn(instance, `${instance.name} restart`, async () => {
      try {
        const report = await reconciler.reconcile(wishFor(instance, 'crash', { crashed }))
        if (isNewGeneration(report)) instance.restarts += 1
      } catch (error) {
        restarts.later(instance, crashed, error as GenerationError, true)
      }
    })
    turn.catch(() => {})
  }

  /**
   * Into a thread of its own. One that can't leave where it is now stays there. Nobody asked for it, so that it must cost nobody a call or a
   * connection, nor let calls wait for long.
   */
  async move(instance: PluginInstance): Promise<void> {
    const turn = this.#turn(instance, `${instance.name} move`, async () => {
      const { generation } = instance
      // Reloaded meanwhile, or stopped.
      if (generation === undefined || instance.apart) return
      // Nobody waits for one whose next generation starts first.
      const options = generation.declaration.overlap ? {} : MOVE
      const isOff = (): boolean => generation.stays
      await this.#deps.reconciler.reconcile(wishFor(instance, 'load', { anew: true }), { ...options, isOff })
    })
    await turn.catch(() => {})
  }

  async #turn<Outcome>({ name }: PluginInstance, key: string, task: () => Promise<Outcome>): Promise<Outcome> {
    const { queue, onTurnOver, closing } = this.#deps
    const claim = new Set([name])
    return queue.enqueue(
      key,
      () => claim,
      async () => {
        if (closing()) throw new CodedError('PLUGIN_START_FAILED', 'the engine is shutting down')
        return task().finally(onTurnOver)
      },
    )
  }

  async #change(instance: PluginInstance, { cause, force, anew }: TurnWish): Promise<ReloadResult> {
    const { reconciler } = this.#deps
    const began = performance.now()
    try {
      const report = await reconciler.reconcile(wishFor(instance, cause, { anew }), drainOf(instance, force))
      if (isNewGeneration(report)) instance.budget.reset()
    } catch (error) {
      if ((error as GenerationError).reason === 'busy') this.#tryAgainLater(instance)
      throw error
    }
    const { name, generationNumber: generation } = instance
    return { name, generation, ms: Math.round(performance.now() - began) }
  }

  #tryAgainLater(instance: PluginInstance): void {
    const { phase } = instance
    if (phase.name !== 'running') return
    const attempt = (phase.retry?.attempt ?? 0) + 1
    const cancel = this.#deps.clock.after(busyWait(attempt), () => {
      this.wish(instance, { cause: 'retry', force: false, anew: true }).catch(() => {})
    })
    instance.phase = { ...phase, retry: { attempt, cancel } }
  }
}

/** Calls that outlast the drain fail when the plugin is to stop: a stop is meant. With `force` they are not waited for. */
function drainOf(instance: PluginInstance, force: boolean): HandOverOptions {
  const drain = force ? { drainMs: 0, unreadMs: FORCED_UNREAD_MS } : {}
  return instance.wanted ? { force, ...drain } : { reason: 'stop', force: true, ...drain }
}

/** Of a plugin that is replaced or stopped by force, to read that it is to stop: the time of a garbage collection, and not of a query. */
export const FORCED_UNREAD_MS = 1_000

function isNewGeneration({ started, reloaded }: ReconcileReport): boolean {
  return started.length + reloaded.length > 0
}
