// The locks that this engine holds: taken for a run, renewed while it lasts, released with it (spec 03 §7.4).
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { LockBackend, LockedJob, TakeOutcome } from './lock-backend.ts'

/** The right to run one job, until it is released. */
export interface Lease {
  /** The second time does nothing. Never rejects: a lock that can't be released runs out. */
  release(): Promise<void>
  /** As `release`, for a fire whose handler was not called and that another run is to make up for. */
  giveBack(): Promise<void>
}

/** How long closing waits for locks that are being taken, and then for the adapter. */
const CLOSE_MS = 2_000

interface HeldLock {
  /** As it was when the lock was first asked for: what was taken under a name is freed under it. */
  readonly job: LockedJob
  /** Runs that have it, or are about to: with `overlap: allow` there may be several. */
  users: number
  taken: boolean
}

export class JobLocks {
  readonly #backend: LockBackend
  readonly #clock: Clock
  readonly #log: PluginLog
  readonly #refused: LimitedWarning
  readonly #unreleased: LimitedWarning
  readonly #unrenewed: LimitedWarning
  readonly #held = new Map<string, HeldLock>()
  /** Locks that are being taken at the moment. */
  readonly #taking = new Set<Promise<unknown>>()
  #cancelRenewal: (() => void) | undefined
  #closed = false

  constructor(backend: LockBackend, { clock, log }: { readonly clock: Clock; readonly log: PluginLog }) {
    this.#backend = backend
    this.#clock = clock
    this.#log = log
    const limited = (): LimitedWarning =>
      new LimitedWarning((message, data) => log.warn(message, data), { now: () => clock.passed() })
    this.#refused = limited()
    this.#unreleased = limited()
    this.#unrenewed = limited()
  }

  /** Undefined: somebody else runs the job, has run that second, or it can't be told; then the fire is skipped. */
  async acquire(job: LockedJob, second: number): Promise<Lease | undefined> {
    if (this.#closed) return undefined
    const lock = this.#held.get(job.id) ?? { job, users: 0, taken: false }
    this.#held.set(job.id, lock)
    // Counted before the answer: a run that ends meanwhile must not free what this one is being given.
    lock.users++
    try {
      const outcome = await this.#take(lock.job, second)
      if (outcome === 'taken') {
        lock.taken = true
        if (!this.#closed) this.#renewLater()
        return this.#lease(second, lock)
      }
      this.#log.debug(
        `The fire of ${job.id} was skipped: another engine ${outcome === 'held' ? 'runs it' : 'has run it'}.`,
      )
    } catch (error) {
      this.#refused.warn(`A fire was skipped: its lock can't be taken.`, { job_id: job.id, error: messageOf(error) })
    }
    await this.#leave(lock)
    return undefined
  }

  /** Releases everything. What is being taken comes first: a run that waits for it still gets it, and runs. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRenewal?.()
    await this.#inTime(Promise.allSettled(this.#taking))
    const taken = [...this.#held.values()].filter((lock) => lock.taken)
    const freed = taken.map((lock) => this.#free(lock))
    await this.#inTime(Promise.all(freed).then(() => this.#backend.close()))
  }

  async #take(job: LockedJob, second: number): Promise<TakeOutcome> {
    const outcome = this.#backend.take(job, second)
    this.#taking.add(outcome)
    try {
      return await outcome
    } finally {
      this.#taking.delete(outcome)
    }
  }

  async #inTime(done: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(CLOSE_MS, late.resolve)
    await Promise.race([done, late.promise])
    cancel()
  }

  #lease(second: number, lock: HeldLock): Lease {
    let released = false
    const end = async (undone: boolean): Promise<void> => {
      if (released || this.#closed) return
      released = true
      if (undone) await this.#backend.forget(lock.job, second).catch((error: unknown) => this.#notFreed(lock, error))
      await this.#leave(lock)
    }
    return { release: () => end(false), giveBack: () => end(true) }
  }

  async #leave(lock: HeldLock): Promise<void> {
    if (--lock.users > 0) return
    if (this.#held.get(lock.job.id) === lock) this.#held.delete(lock.job.id)
    if (lock.taken) await this.#free(lock)
  }

  async #free(lock: HeldLock): Promise<void> {
    lock.taken = false
    await this.#backend.free(lock.job).catch((error: unknown) => this.#notFreed(lock, error))
  }

  #notFreed({ job }: HeldLock, error: unknown): void {
    this.#unreleased.warn(`A lock can't be released; it runs out after ${this.#backend.ttlMs} ms at most.`, {
      job_id: job.id,
      error: messageOf(error),
    })
  }

  #renewLater(): void {
    this.#cancelRenewal ??= this.#clock.after(this.#backend.ttlMs / 3, () => {
      this.#cancelRenewal = undefined
      for (const lock of this.#held.values()) if (lock.taken) void this.#renew(lock)
      if (this.#held.size > 0) this.#renewLater()
    })
  }

  async #renew(lock: HeldLock): Promise<void> {
    const { id } = lock.job
    try {
      const outcome = await this.#backend.renew(lock.job)
      if (!lock.taken || outcome === 'kept') return
      if (outcome === 'lost') lock.taken = false
      this.#unrenewed.warn(
        outcome === 'lost'
          ? 'A lock ran out while its job was running, and another engine has taken it: both may run it now.'
          : 'A lock ran out while its job was running, and was taken again.',
        { job_id: id },
      )
    } catch (error) {
      this.#unrenewed.warn("A lock can't be renewed; trying again.", { job_id: id, error: messageOf(error) })
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
