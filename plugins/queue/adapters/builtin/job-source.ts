// Where a queue's next job comes from: `standard-source.ts` by priority and arrival, `fifo-source.ts` by groups.
import type { StoredJob } from './job-row.ts'
import type { JobTables } from './job-tables.ts'
import type { Lane } from './lane.ts'

export interface JobSource {
  /** The next job that may be delivered now; it is in hand from then on. Undefined: none, as far as was looked. */
  take(now: number): StoredJob | undefined
  /** There may be more that `take` has not looked at; to be asked again in another turn. */
  readonly hasMore: boolean
  /** A new job has been committed. */
  added(lane: Lane, stored: StoredJob): void
  /** A job that was in hand is gone. */
  finished(stored: StoredJob): void
  /** A job that was in hand is to be delivered again at its `runAt`, from where it stands. */
  retrying(stored: StoredJob): void
  /** A job that was in hand can be delivered again at once. */
  returned(stored: StoredJob): void
  /** When `take` will have another job, if nothing else happens. */
  nextAt(now: number): number | undefined
  /** Jobs in `waiting` whose time has not come. */
  readonly retryingJobs: readonly StoredJob[]
}

/** What a source knows of its queue. */
export interface SourceQueue {
  readonly number: number
  readonly tables: JobTables
  /** The highest priority first. */
  readonly lanes: readonly Lane[]
  isInHand(stored: StoredJob): boolean
  /** Jobs that were taken before this source, and are still in hand. */
  inHand(): Iterable<StoredJob>
}
