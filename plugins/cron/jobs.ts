// All cron triggers of this engine: made and dropped by their bindings, ended with the generation.
import type { TriggerBinding, TriggerTypeHandler } from '../../sdk/handle-types.ts'
import { EqualBindings } from '../../kit/triggers/equal-bindings.ts'
import type { StopReason } from '../../sdk/plugin.ts'
import type { CronSettings } from './config.ts'
import { type JobHandOver, takeHandOver, writeHandOver } from './hand-over.ts'
import { Job, type JobContext } from './job.ts'
import type { TimeZones } from './time-zone.ts'
import { type CronPlan, readCronPlan } from './trigger.ts'

export interface JobsContext extends Omit<JobContext, 'defaults' | 'maxSetBackMs' | 'nameOf'> {
  readonly zones: TimeZones
  /** Folder of the hand-over. */
  readonly folder: () => string
}

/** How long runs under way may go on when the generation ends (spec 03 §7.3). */
export const GRACE_MS = 50
/** The bindings that a generation takes over come all at once. One with a known id that comes later is a new one. */
const TAKE_OVER_MS = 1_000
/** How long runs that have not called their handler have to give up their lock. */
const ABORT_MS = 1_000

export class Jobs implements TriggerTypeHandler<unknown> {
  readonly #context: JobsContext
  readonly #jobContext: JobContext
  readonly #jobs = new Map<string, Job>()
  readonly #equals = new EqualBindings()
  #settings: CronSettings
  #left: { readonly jobs: Map<string, JobHandOver>; readonly until: number } | undefined
  #stopping: StopReason | undefined

  constructor(settings: CronSettings, context: JobsContext) {
    this.#settings = settings
    this.#context = context
    this.#jobContext = {
      ...context,
      defaults: () => this.#settings.run,
      maxSetBackMs: () => this.#settings.maxSetBackMs,
      nameOf: (id) => this.#equals.nameOf(id),
    }
  }

  get size(): number {
    return this.#jobs.size
  }

  registerTrigger(binding: TriggerBinding<unknown>): void {
    if (this.#stopping === 'shutdown')
      throw new Error('the scheduler is shutting down; bind again when the engine is back')
    const plan = this.#read(binding)
    // The engine keeps it for the next generation.
    if (this.#stopping !== undefined) return
    const { log } = this.#context
    if (plan.warning !== undefined) log.warn(plan.warning, { job_id: binding.id })
    this.#equals.add(binding)
    const known = this.#jobs.get(binding.id)
    if (known !== undefined) return known.replace(binding, plan)
    const job = new Job(binding, plan, this.#jobContext)
    this.#jobs.set(binding.id, job)
    const left = this.#takeLeft(binding.id, plan)
    if (left === undefined) job.start()
    else job.resume(left)
  }

  unregisterTrigger({ id }: { readonly id: string }): void {
    this.#jobs.get(id)?.end()
    this.#jobs.delete(id)
    this.#equals.remove(id)
  }

  /** Applies changed settings to every trigger. */
  configure(settings: CronSettings): void {
    this.#settings = settings
    for (const job of this.#jobs.values()) job.replace(job.binding, this.#read(job.binding))
  }

  /** Before a reload, what is due and not done is left to the next generation. */
  async stop(reason: StopReason): Promise<void> {
    if (this.#stopping !== undefined) return
    this.#stopping = reason
    const { clock, scheduler, log, fires, folder } = this.#context
    scheduler.stop()
    const stoppedAt = clock.now()
    const leave = [...this.#jobs].map(([id, job]) => [id, job.close(stoppedAt)] as const)
    await this.#settled(GRACE_MS, () => true)
    for (const job of this.#jobs.values()) for (const run of job.runs) run.abort()
    const left = new Map(leave.map(([id, close]) => [id, close()]))
    await this.#settled(ABORT_MS, (called) => !called)
    if (reason === 'reload' && left.size > 0) writeHandOver(folder(), stoppedAt, left, log)
    await fires.settled()
  }

  #read({ config }: TriggerBinding): CronPlan {
    return readCronPlan(config, { dowNumbering: this.#settings.dowNumbering, zone: this.#context.zones.get })
  }

  /** What the previous generation left about a trigger, if it is still the same. */
  #takeLeft(id: string, { expression, zone }: CronPlan): JobHandOver | undefined {
    const { folder, clock, log } = this.#context
    // Not before there is a trigger: a generation whose start fails leaves the hand-over to the next one.
    const now = clock.now()
    this.#left ??= { jobs: takeHandOver(folder(), now, log), until: now + TAKE_OVER_MS }
    const { jobs, until } = this.#left
    if (now > until) jobs.clear()
    const left = jobs.get(id)
    jobs.delete(id)
    return left?.expression === expression && left.timezone === zone.name ? left : undefined
  }

  /** Waits for runs, those that `counts` says, but not longer than `ms`. */
  async #settled(ms: number, counts: (called: boolean) => boolean): Promise<void> {
    const runs = [...this.#jobs.values()].flatMap((job) => [...job.runs]).filter(({ called }) => counts(called))
    if (runs.length === 0) return
    const late = Promise.withResolvers<void>()
    const cancel = this.#context.clock.after(ms, late.resolve)
    await Promise.race([Promise.all(runs.map(({ done }) => done)), late.promise])
    cancel()
  }
}
