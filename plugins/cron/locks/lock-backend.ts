// Who may run a job at a time: what an adapter does about one lock. Counting and renewing is `job-locks.ts`.

/** `held`: by somebody else. `fired`: somebody else has run that very second already. */
export type TakeOutcome = 'taken' | 'held' | 'fired'

/** `retaken`: it had run out, and nobody else had taken it. `lost`: somebody else has it. */
export type RenewOutcome = 'kept' | 'retaken' | 'lost'

/** Each method is one atomic step, and they take effect in the order of the calls. Rejects when it can't be told. */
export interface LockBackend {
  readonly name: string
  /** A lock that is not renewed runs out after it, so that one of a crashed owner frees itself. */
  readonly ttlMs: number
  /** Taking what this owner has already succeeds, and renews it. `second`: of the fire that it is taken for. */
  take(jobId: string, second: number): Promise<TakeOutcome>
  renew(jobId: string): Promise<RenewOutcome>
  /** Does nothing when somebody else has it. */
  free(jobId: string): Promise<void>
  /** The second was not run after all: whoever takes the lock next may run it. */
  forget(jobId: string, second: number): Promise<void>
  close(): Promise<void>
}
