// What one plugin's wishes lead to: a new generation, a stop, a restart after a crash, another try when it was busy.
// Turns come one after the other; wishes that wait for theirs are merged.
import { sep } from 'node:path'
import { CodedError } from '../../../protocol/errors.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { ContainerExit } from '../containers/container.ts'
import type { CrashWatch } from '../containers/crash-watch.ts'
import { GenerationError, type Generation, type GenerationPlan, type Replica } from './generation.ts'
import { generationErrorFrom, type PluginChanges } from './plugin-changes.ts'
import type { PluginRecord } from '../table/plugin-record.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import type { RouterPort } from './router-port.ts'
import type { TurnQueue } from './turn-queue.ts'

export interface Wish {
  readonly cause: string
  readonly force: boolean
  /** A new generation even if code and configuration are those that run. */
  readonly anew: boolean
}

export interface ReloadResult {
  readonly name: string
  readonly generation: number
  readonly ms: number
}

export interface PluginTurnsOptions {
  readonly queue: TurnQueue
  readonly clock: Clock
  readonly log: Log
  readonly table: PluginTable
  readonly changes: PluginChanges
  readonly crashes: CrashWatch
  readonly router: RouterPort
  readonly closing: () => boolean
  /** Time for work that a change should not wait for. */
  readonly onTurnOver: () => void
}

/** Waits before a busy plugin is tried again: doubles up to the second figure. */
const BUSY_RETRY_MS = 1_000
const BUSY_RETRY_CAP_MS = 30_000

export class PluginTurns {
  readonly #options: PluginTurnsOptions
  readonly #wishes = new Map<PluginRecord, Wish>()

  constructor(options: PluginTurnsOptions) {
    this.#options = options
  }

  /** Brings the plugin to what its record wants by then. Rejects with CodedError when the wish was not carried out. */
  wish(record: PluginRecord, wish: Wish): Promise<ReloadResult> {
    const waiting = this.#wishes.get(record)
    this.#wishes.set(record, {
      cause: wish.cause,
      force: wish.force || waiting?.force === true,
      anew: wish.anew || waiting?.anew === true,
    })
    return this.#turn(record.name, async () => {
      const merged = this.#wishes.get(record) ?? wish
      this.#wishes.delete(record)
      if (this.#options.closing()) throw new CodedError('PLUGIN_START_FAILED', 'the engine is shutting down')
      if (record.wanted) return this.#replace(record, merged)
      await this.#stop(record, merged.force)
      return resultOf(record, 0)
    })
  }

  async #turn(key: string, task: () => Promise<ReloadResult>): Promise<ReloadResult> {
    const { queue, onTurnOver } = this.#options
    return queue.enqueue(key, () => task().finally(onTurnOver))
  }

  async #replace(record: PluginRecord, { cause, force, anew }: Wish): Promise<ReloadResult> {
    const { changes, table } = this.#options
    const { entry, generation: running } = record
    if (entry === undefined || (cause === 'start' && running !== undefined)) return resultOf(record, 0)
    const began = performance.now()
    let to: Generation
    try {
      const plan = await changes.plan(record, entry)
      if (!anew && running !== undefined && plan.bundle.hash === running.plan.bundle.hash) {
        // The change was taken back: what runs is what is wanted.
        record.cancelRetry?.()
        table.fresh(record)
        return resultOf(record, 0)
      }
      to = await this.#prepared(record, { ...plan, apart: plan.apart || running !== undefined })
    } catch (error) {
      const failure = generationErrorFrom(error)
      const ms = performance.now() - began
      if (running !== undefined || record.state === 'restarting') table.stale(record, failure, cause, ms)
      else table.failed(record, failure, cause, ms)
      throw failure
    }
    try {
      await changes.carryOut([{ record, to, entry }], { cause, force })
    } catch (error) {
      const failure = generationErrorFrom(error)
      if (failure.reason === 'busy') this.#tryAgainLater(record)
      else if (record.generation === undefined && record.state !== 'failed') table.failed(record, failure, cause)
      throw failure
    }
    record.budget.reset()
    record.apart ||= running !== undefined
    return resultOf(record, performance.now() - began)
  }

  /** @throws with nothing left behind */
  async #prepared(record: PluginRecord, plan: GenerationPlan): Promise<Generation> {
    const { changes } = this.#options
    const to = await changes.prepare(plan)
    const problem = changes.requiresProblems([{ record, to, entry: plan.entry }]).get(record.name)
    if (problem === undefined) return to
    await changes.drop([to])
    throw new GenerationError('config', 'PLUGIN_START_FAILED', problem)
  }

  async #stop(record: PluginRecord, force: boolean): Promise<void> {
    const { changes, table, router } = this.#options
    record.cancelRetry?.()
    record.cancelRetry = undefined
    if (record.generation !== undefined) {
      // Calls that outlast the deadline fail: a stop is meant.
      const drain = force ? { drainMs: 0 } : {}
      const change = { record, to: undefined, entry: record.entry }
      await changes.carryOut([change], { cause: 'stop', reason: 'stop', force: true, ...drain })
      return
    }
    if (record.slot !== undefined) router.removeSlot(record.slot)
    record.slot = undefined
    const wasUp = record.state === 'failed' || record.state === 'restarting'
    if (wasUp) table.stopped(record, 'stop', 0)
    else table.settleIdle(record)
  }

  #tryAgainLater(record: PluginRecord): void {
    const wait = Math.min(BUSY_RETRY_CAP_MS, BUSY_RETRY_MS * 2 ** record.busyRetries)
    record.busyRetries += 1
    record.cancelRetry = this.#options.clock.after(wait, () => {
      this.wish(record, { cause: 'retry', force: false, anew: true }).catch(() => {})
    })
  }

  // ── crashes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A container of a running generation ended by itself. Its answers were handed out before. */
  crashed(generation: Generation, replica: Replica, exit: ContainerExit): void {
    const { table, crashes, router, clock, log } = this.#options
    const record = table.find(generation.name)
    router.endWorker(replica.worker, { abnormal: true })
    if (record === undefined || record.generation !== generation) return
    const blamed = this.#isCulprit(generation, exit)
    if (blamed) {
      record.lastCrash = { at: new Date(clock.now()).toISOString(), code: exit.code, message: exit.message }
      log.error(`plugin '${record.name}' crashed: ${exit.message}`, { code: exit.code, stack: exit.stack })
    }
    // So that the culprit shows, whoever it was.
    if (generation.isolation === 'shared') record.apart = true
    // Its calls are settled, so that a drain can end; the generation that comes next takes its place.
    if (record.changing) return
    if (generation.replicas.every((other) => other.exit !== undefined)) {
      crashes.unwatch(generation)
      record.generation = undefined
      void generation.discard()
    }
    this.#restartLater(record, { ...generation.plan, apart: record.apart }, exit, blamed)
  }

  /** In a shared thread an error names its plugin by the files in its stack; what names none is everybody's. */
  #isCulprit({ isolation, name }: Generation, { stack }: ContainerExit): boolean {
    if (isolation !== 'shared' || stack === undefined) return true
    const named = this.#options.table.all.filter(({ source }) => source !== undefined && namesSource(stack, source))
    return named.length === 0 || named.some((record) => record.name === name)
  }

  /** The code that crashed is started again, not what lies on disk. Replicas that still serve do so meanwhile. */
  #restartLater(
    record: PluginRecord,
    plan: GenerationPlan,
    error: { code: string; message: string },
    blamed: boolean,
  ): void {
    const { table, clock, closing, log } = this.#options
    if (closing() || !record.wanted) return
    const verdict = blamed ? record.budget.crashed(clock.now()) : { restartInMs: 0 }
    if (verdict === 'failed') {
      if (record.generation === undefined) table.failed(record, error, 'crash')
      else table.stale(record, { reason: 'start', message: `a replica crashed too often: ${error.message}` }, 'crash')
      log.error(
        `plugin '${record.name}' crashed too often and is not started again: mend and save it, or run: iii plugins start ${record.name}`,
      )
      return
    }
    if (record.generation === undefined) table.restarting(record, error, verdict.restartInMs)
    record.cancelRetry?.()
    record.cancelRetry = clock.after(verdict.restartInMs, () => {
      this.#turn(`${record.name} restart`, () => this.#restart(record, plan)).catch(() => {})
    })
  }

  async #restart(record: PluginRecord, plan: GenerationPlan): Promise<ReloadResult> {
    const { changes, closing } = this.#options
    const whole = record.generation?.replicas.every(({ exit }) => exit === undefined) === true
    if (whole || !record.wanted || closing() || record.state === 'failed') return resultOf(record, 0)
    const began = performance.now()
    try {
      const slot = record.slot ?? plan.slot
      const to = await this.#prepared(record, { ...plan, slot })
      await changes.carryOut([{ record, to, entry: record.entry }], { cause: 'crash' })
    } catch (error) {
      const failure: GenerationError = generationErrorFrom(error)
      this.#restartLater(record, plan, failure, true)
      throw failure
    }
    record.restarts += 1
    return resultOf(record, performance.now() - began)
  }
}

function namesSource(stack: string, { path, entryFile }: PluginSource): boolean {
  return stack.includes(path === entryFile ? `${path}:` : path + sep)
}

function resultOf({ name, generationNumber }: PluginRecord, ms: number): ReloadResult {
  return { name, generation: generationNumber, ms: Math.round(ms) }
}
