// One run of a job: lock, condition, call, wait, release (spec 03 §7.3). It never fails: what goes wrong is logged.
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import type { Caller } from '../../kit/triggers/binding-lane.ts'
import type { TriggerBinding, TriggerRequest } from '../../sdk/handle-types.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { Clock } from '../../base/time/clock.ts'
import { LONGEST_TIMEOUT_MS } from './config.ts'
import type { JobLocks, Lease } from './locks/job-locks.ts'
import { type CronPayload, cronPayload } from './payload.ts'

export interface RunContext {
  readonly iii: Caller
  readonly clock: Clock
  readonly locks: () => JobLocks
  readonly problems: RunProblems
}

export interface RunRequest {
  readonly binding: TriggerBinding
  /** Seconds since the epoch. */
  readonly second: number
  readonly conditionFunctionId: string | undefined
  readonly runTimeoutMs: number | undefined
  /** What must have happened before: the fire is on record. */
  readonly recorded: Promise<void> | undefined
}

/** A condition that has not answered by then has failed, so that no fire waits for ever. */
export const CONDITION_TIMEOUT_MS = 30_000

export class Run {
  readonly second: number
  readonly done: Promise<void>
  readonly #request: RunRequest
  readonly #context: RunContext
  #lease: Lease | undefined
  #aborted = false
  #called = false

  constructor(request: RunRequest, context: RunContext) {
    this.second = request.second
    this.#request = request
    this.#context = context
    this.done = this.#run()
  }

  /** Its handler has been called. */
  get called(): boolean {
    return this.#called
  }

  /** A handler that has not been called will not be, and a lock is released. */
  abort(): void {
    this.#aborted = true
    void this.#end()
  }

  async #run(): Promise<void> {
    const { clock, locks } = this.#context
    const { binding, second, recorded } = this.#request
    await recorded
    if (this.#aborted) return
    this.#lease = await locks().acquire(binding.id, second)
    if (this.#lease === undefined) return
    const payload = cronPayload(binding.id, second, clock.now())
    if (!this.#aborted && (await this.#passes(payload)) && !this.#aborted) await this.#callHandler(payload)
    await this.#end()
  }

  async #end(): Promise<void> {
    await (this.#aborted && !this.#called ? this.#lease?.giveBack() : this.#lease?.release())
  }

  /** Only a literal `false` skips; so does a condition that fails (spec 01 §11.7). It gets the payload alone. */
  async #passes(payload: CronPayload): Promise<boolean> {
    const { binding, conditionFunctionId: condition, runTimeoutMs = Infinity } = this.#request
    if (condition === undefined) return true
    const { iii, problems } = this.#context
    try {
      const result = await iii.trigger(this.#call(condition, payload, Math.min(runTimeoutMs, CONDITION_TIMEOUT_MS)))
      if (result === undefined || result === null) problems.noValue(condition, binding.id)
      return result !== false
    } catch (error) {
      problems.conditionFailed(condition, binding, error)
      return false
    }
  }

  async #callHandler(payload: CronPayload): Promise<void> {
    const { binding, runTimeoutMs } = this.#request
    this.#called = true
    // The handle's own limit of 30 s must not end a run: without `run_timeout_ms` there is none.
    const request = this.#call(binding.function_id, payload, runTimeoutMs ?? LONGEST_TIMEOUT_MS)
    if (binding.metadata !== undefined) request.metadata = binding.metadata
    try {
      await this.#context.iii.trigger(request)
    } catch (error) {
      this.#context.problems.handlerFailed(binding, error)
    }
  }

  #call(functionId: string, payload: CronPayload, timeoutMs: number): TriggerRequest {
    const { id, namespace } = this.#request.binding
    const request: TriggerRequest = { function_id: functionId, payload, binding: id, timeoutMs }
    if (namespace !== undefined) request.namespace = namespace
    return request
  }
}

/** What goes wrong with the runs of one job, logged at most once a second each. */
export class RunProblems {
  readonly #errors: LimitedWarning
  readonly #warnings: LimitedWarning

  constructor(log: PluginLog, clock: Clock) {
    const options = { now: () => clock.now() }
    this.#errors = new LimitedWarning((message, data) => log.error(message, data), options)
    this.#warnings = new LimitedWarning((message, data) => log.warn(message, data), options)
  }

  handlerFailed({ id, function_id }: TriggerBinding, error: unknown): void {
    this.#errors.warn(`The handler ${function_id} failed; it is called again at the next fire.`, failure(id, error))
  }

  conditionFailed(condition: string, { id, function_id }: TriggerBinding, error: unknown): void {
    this.#errors.warn(`The condition ${condition} failed; ${function_id} was not run.`, failure(id, error))
  }

  noValue(condition: string, jobId: string): void {
    this.#warnings.warn(`The condition ${condition} returned no value, which counts as true.`, { job_id: jobId })
  }

  dropped(jobId: string, message: string): void {
    this.#warnings.warn(message, { job_id: jobId })
  }
}

function failure(jobId: string, error: unknown): Record<string, unknown> {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return { job_id: jobId, code, error: message ?? String(error) }
}
