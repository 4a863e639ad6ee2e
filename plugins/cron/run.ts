// One run of a job: lock, condition, call, wait, release (spec 03 §7.3). It never fails: what goes wrong is logged.
import { runBinding, type BindingCallDeps } from '../../kit/triggers/binding-call.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'
import type { Clock } from '../../base/time/clock.ts'
import { LONGEST_TIMEOUT_MS } from './config.ts'
import type { JobLocks, Lease } from './locks/job-locks.ts'
import { type CronPayload, cronPayload } from './payload.ts'

export interface RunContext extends BindingCallDeps {
  readonly clock: Clock
  readonly locks: () => JobLocks
}

export interface RunRequest {
  readonly binding: TriggerBinding
  /** What the lock is known by beside the id of the binding. */
  readonly name: string
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
    const { binding, name, second, recorded } = this.#request
    await recorded
    if (this.#aborted) return
    this.#lease = await locks().acquire({ id: binding.id, name }, second)
    if (this.#lease === undefined) return
    if (!this.#aborted) await this.#call(cronPayload(binding.id, second, clock.now()))
    await this.#end()
  }

  async #end(): Promise<void> {
    await (this.#aborted && !this.#called ? this.#lease?.giveBack() : this.#lease?.release())
  }

  async #call(payload: CronPayload): Promise<void> {
    const { binding, conditionFunctionId: condition, runTimeoutMs } = this.#request
    // The handle's own limit of 30 s must not end a run: without `run_timeout_ms` there is none.
    const handlerTimeoutMs = runTimeoutMs ?? LONGEST_TIMEOUT_MS
    const conditionTimeoutMs = Math.min(handlerTimeoutMs, CONDITION_TIMEOUT_MS)
    const call = { binding, condition, payload, conditionTimeoutMs, handlerTimeoutMs }
    await runBinding(this.#context, call, {
      beforeHandler: (passes) => {
        this.#called = passes && !this.#aborted
        return this.#called
      },
    })
  }
}
