// One cron trigger: which second comes next, and what a fire does while earlier ones still run (spec 03 §7.3).
import { BindingProblems } from '../../kit/triggers/binding-problems.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { RunSettings } from './config.ts'
import type { JobHandOver } from './hand-over.ts'
import { nextMatch } from './next.ts'
import type { RememberedFires } from './remembered-fires.ts'
import { Run, type RunContext } from './run.ts'
import type { Scheduled, Scheduler } from './scheduler.ts'
import type { CronPlan } from './trigger.ts'

export interface JobContext extends Omit<RunContext, 'problems'> {
  readonly scheduler: Scheduler
  readonly fires: RememberedFires
  readonly log: PluginLog
  /** The worker's settings as they are now. */
  readonly defaults: () => RunSettings
  /** A last fire that lies further ahead of the clock is one by a clock that was wrong. */
  readonly maxSetBackMs: () => number
  /** By which engines that share locks know what is bound (`equal-bindings.ts`). */
  readonly nameOf: (bindingId: string) => string
}

/** A clock that is set back further than this below the last fire is worth a word: until it is reached again nothing fires. */
const QUIET_WARNING_S = 60

export class Job implements Scheduled {
  dueAt = 0
  heapIndex = -1
  readonly #context: JobContext
  readonly #problems: BindingProblems
  #binding: TriggerBinding
  #plan: CronPlan
  /** The last second that was due: neither it nor an earlier one fires again, unless the clock is set back a long way. */
  #last = -Infinity
  readonly #runs = new Set<Run>()
  #waiting: number[] = []
  #ended = false

  constructor(binding: TriggerBinding, plan: CronPlan, context: JobContext) {
    this.#binding = binding
    this.#plan = plan
    this.#context = context
    this.#problems = new BindingProblems(context.log, {
      now: () => context.clock.passed(),
      consequence: 'it is called again at the next fire',
      member: 'job_id',
    })
  }

  get binding(): TriggerBinding {
    return this.#binding
  }

  get settings(): RunSettings {
    return { ...this.#context.defaults(), ...this.#plan.own }
  }

  get runs(): ReadonlySet<Run> {
    return this.#runs
  }

  /** From now on, as if it had not been there before; but with `misfire: fire_once` a fire that was missed is made up for. */
  start(): void {
    const now = this.#second()
    if (this.settings.misfire === 'fire_once') {
      const missed = this.#context.fires.missed(this.#binding, this.#plan, now)
      if (missed !== undefined) this.#makeUp([missed])
    }
    this.#schedule(now)
  }

  /** Goes on where the previous generation stopped: what was due since then fires, in order, one after the other. */
  resume({ after, pending }: JobHandOver): void {
    const now = this.#second()
    const { fields, zone } = this.#plan
    const due = [...pending]
    for (let next = nextMatch(fields, after, zone); next !== undefined && next <= now;) {
      due.push(next)
      next = nextMatch(fields, next, zone)
    }
    this.#last = after
    this.#forgetWrongFire(now)
    this.#makeUp(due)
    this.#schedule(now)
  }

  /** Registered again, or read again under other settings. The same times go on undisturbed. */
  replace(binding: TriggerBinding, plan: CronPlan): void {
    const old = this.#plan
    this.#binding = binding
    this.#plan = plan
    if (this.settings.misfire === 'fire_once') this.#context.fires.begin(binding, plan, this.#second())
    if (old.zone !== plan.zone || old.expression !== plan.expression || !isSameTimes(old, plan)) {
      this.#context.scheduler.cancel(this)
      this.#schedule(this.#second())
    }
  }

  due(now: number): void {
    const second = this.dueAt
    this.#last = second
    this.#schedule(Math.floor(now / 1_000))
    this.#fire(second)
  }

  clockSetBack(now: number): void {
    const second = Math.floor(now / 1_000)
    this.#forgetWrongFire(second)
    if (this.#last > second + QUIET_WARNING_S)
      this.#context.log.warn(
        `The clock was set back: a trigger does not fire until it has reached its last fire again.`,
        {
          job_id: this.#binding.id,
          last_fire: new Date(this.#last * 1_000).toISOString(),
        },
      )
    this.#schedule(second)
  }

  /** The trigger is gone: nothing of it is called any more, its lock is free. */
  end(): void {
    this.#ended = true
    this.#context.scheduler.cancel(this)
    this.#waiting = []
    for (const run of this.#runs) run.abort()
  }

  /** Starts no further run. The returned function tells what is left to the next generation, once runs have been aborted. */
  close(stoppedAt: number): () => JobHandOver {
    this.#ended = true
    const second = Math.floor(stoppedAt / 1_000)
    const due = this.heapIndex >= 0 && this.dueAt <= second ? [this.dueAt] : []
    const after = Math.max(this.#last, second)
    this.#context.scheduler.cancel(this)
    return () => {
      const notCalled = [...this.#runs].filter((run) => !run.called).map((run) => run.second)
      const { expression, zone } = this.#plan
      return { expression, timezone: zone.name, after, pending: [...notCalled, ...this.#waiting, ...due] }
    }
  }

  /** The clock was far ahead when this fired, and is right again: to wait for that time would be to stop. */
  #forgetWrongFire(now: number): void {
    if (this.#last - now <= this.#context.maxSetBackMs() / 1_000) return
    this.#context.log.warn(
      'The clock was set back a long way: a trigger starts anew, and may fire again what it has fired.',
      {
        job_id: this.#binding.id,
        last_fire: new Date(this.#last * 1_000).toISOString(),
      },
    )
    this.#last = -Infinity
  }

  #second(): number {
    return Math.floor(this.#context.clock.now() / 1_000)
  }

  #schedule(now: number): void {
    const { fields, zone, expression } = this.#plan
    const next = nextMatch(fields, Math.max(now, this.#last), zone)
    // One without a time to come stays with the scheduler: a clock that is set back may bring it one.
    this.#context.scheduler.schedule(this, next ?? Infinity)
    if (next !== undefined) return
    this.#context.log.warn(`The expression "${expression}" matches no time to come: the trigger does not fire.`, {
      job_id: this.#binding.id,
    })
  }

  #fire(second: number): void {
    const { overlap, maxWaitingRuns, maxParallelRuns } = this.settings
    if (this.#runs.size === 0) return this.#start(second)
    const { function_id, id } = this.#binding
    if (overlap === 'allow') {
      if (this.#runs.size < maxParallelRuns) return this.#start(second)
      this.#problems.warn(
        this.#binding,
        `A fire of ${function_id} was dropped: ${this.#runs.size} runs are under way (max_parallel_runs).`,
      )
    } else if (overlap === 'queue') {
      if (this.#waiting.length < maxWaitingRuns) this.#waiting.push(second)
      else
        this.#problems.warn(
          this.#binding,
          `A fire of ${function_id} was dropped: ${this.#waiting.length} wait already (max_waiting_runs).`,
        )
    } else {
      this.#context.log.debug(`A fire of ${function_id} was skipped: the run before it is under way.`, { job_id: id })
    }
    this.#record(second)
  }

  #makeUp(seconds: readonly number[]): void {
    for (const second of seconds) {
      this.#last = Math.max(this.#last, second)
      if (this.#runs.size === 0) this.#start(second)
      else this.#waiting.push(second)
    }
  }

  #start(second: number): void {
    const { conditionFunctionId } = this.#plan
    const { runTimeoutMs } = this.settings
    const request = {
      binding: this.#binding,
      name: this.#context.nameOf(this.#binding.id),
      second,
      conditionFunctionId,
      runTimeoutMs,
      recorded: this.#record(second),
    }
    const run = new Run(request, { ...this.#context, problems: this.#problems })
    this.#runs.add(run)
    void this.#goOnAfter(run)
  }

  async #goOnAfter(run: Run): Promise<void> {
    await run.done
    this.#runs.delete(run)
    if (this.#ended || this.#runs.size > 0) return
    const next = this.#waiting.shift()
    if (next !== undefined) this.#start(next)
  }

  /** Before the call, so that a crash can't make it happen twice. */
  #record(second: number): Promise<void> | undefined {
    return this.settings.misfire === 'fire_once'
      ? this.#context.fires.note(this.#binding, this.#plan, second)
      : undefined
  }
}

function isSameTimes({ fields: one }: CronPlan, { fields: other }: CronPlan): boolean {
  // The same text means other weekdays under another numbering.
  return one.daysOfWeek.join() === other.daysOfWeek.join()
}
