// Who may run a job at a time: what an adapter does about one lock. Counting and renewing is `job-locks.ts`.

/** `held`: by somebody else. `fired`: somebody else has run that very second already. */
export type TakeOutcome = 'taken' | 'held' | 'fired'

/** `retaken`: it had run out, and nobody else had taken it. `lost`: somebody else has it. */
export type RenewOutcome = 'kept' | 'retaken' | 'lost'

/** What a lock is for. */
export interface LockedJob {
  /** Id of the trigger: an engine that is bound with the same id shares the lock. */
  readonly id: string
  /** Made of what is bound: so does one on which the same is bound under another id. */
  readonly name: string
}

/** Each method is one atomic step, and they take effect in the order of the calls. Rejects when it can't be told. */
export interface LockBackend {
  readonly name: string
  /** A lock that is not renewed runs out after it, so that one of a crashed owner frees itself. */
  readonly ttlMs: number
  /** Taking what this owner has already succeeds, and renews it. `second`: of the fire that it is taken for. */
  take(job: LockedJob, second: number): Promise<TakeOutcome>
  renew(job: LockedJob): Promise<RenewOutcome>
  /** Does nothing when somebody else has it. */
  free(job: LockedJob): Promise<void>
  /** The second was not run after all: whoever takes the lock next may run it. */
  forget(job: LockedJob, second: number): Promise<void>
  close(): Promise<void>
}
