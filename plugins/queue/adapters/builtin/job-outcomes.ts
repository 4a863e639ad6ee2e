// What becomes of a job when its delivery has come to something: gone, tried again later, or dead. Until that is written nothing else happens to it.
import type { RunOptions } from '../../../../kit/sqlite/group-commit.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { Job } from '../../job.ts'
import { backOffFor, type QueueSettings } from '../../settings.ts'
import type { Consumer, QueueRef, Settled } from '../backend.ts'
import type { FifoSource } from './fifo-source.ts'
import type { JobDatabase } from './job-database.ts'
import { failedOnce, failureOf } from '../../line/failed-job.ts'
import { keyOf, type StoredJob } from './job-row.ts'
import type { JobSource } from './job-source.ts'
import type { JobTables } from './job-tables.ts'
import { LANE_WINDOW } from './lane.ts'
import type { Written } from './queue-line.ts'
import type { QueueRoom } from './queue-room.ts'

/** Outcomes that could not be written, such as on a full disk. At the limit nothing further is given out. */
export const MAX_UNWRITTEN = 1_000
/** After this time it is tried again to write them. */
const RETRY_WRITE_MS = 1_000

/**
 * How long jobs that are done wait to be taken out together, or with what is stored meanwhile. After a crash within it they are delivered once
 * more, as they are after a loss of power within `LAZY_MS`.
 */
export const GATHER_MS = 2

/** What the outcomes need of their queue. */
export interface OutcomeLine {
  readonly number: number
  readonly ref: QueueRef
  writeAgain(job: Job): Written
  added(written: Extract<Written, { added: StoredJob }>): void
}

export interface JobOutcomesDeps {
  readonly store: JobDatabase
  readonly tables: JobTables
  readonly clock: Clock
  readonly random: () => number
  readonly log: Pick<PluginLog, 'error'>
  readonly line: OutcomeLine
  readonly room: QueueRoom
  readonly inHand: Map<number, StoredJob>
  readonly source: () => JobSource | undefined
  readonly settings: () => QueueSettings
  /** Something is committed. */
  readonly written: () => void
}

export class JobOutcomes {
  readonly #deps: JobOutcomesDeps
  #unwritten = 0
  #finishing = 0
  #movesDue = false
  #closed = false

  constructor(deps: JobOutcomesDeps) {
    this.#deps = deps
  }

  /** Outcomes that could not be written yet. */
  get unwritten(): number {
    return this.#unwritten
  }

  /** Jobs that are done and still in the store: after a crash they come again, so that they keep their places among those that run. */
  get finishing(): number {
    return this.#finishing
  }

  close(): void {
    this.#closed = true
  }

  finish(consumer: Consumer, stored: StoredJob): void {
    const { type, concurrency } = this.#deps.settings()
    let isFinishing = true
    const ended = (): void => {
      if (isFinishing) this.#finishing--
      isFinishing = false
    }
    this.#finishing++
    this.#write(
      () => this.#deps.tables.remove(stored),
      () => {
        ended()
        this.#gone(stored)
        this.#deps.source()?.finished(stored)
        this.#deps.room.release(stored.job)
        consumer.settled?.(stored.job, { kind: 'done' })
      },
      // In a fifo queue the next one of its group waits for this, and elsewhere whoever finds all places taken.
      { lazy: true, withinMs: type === 'fifo' || this.#finishing >= concurrency ? 0 : GATHER_MS },
      ended,
    )
  }

  fail(consumer: Consumer, stored: StoredJob, code: string, message: string): void {
    const now = this.#deps.clock.now()
    const failure = failureOf(now, code, message)
    const attempts = stored.job.attempts + 1
    if (attempts >= this.#deps.settings().maxAttempts)
      return this.#bury(consumer, stored, failedOnce(stored.job, failure, undefined))
    const runAt = Math.min(
      Number.MAX_SAFE_INTEGER,
      now + backOffFor(this.#deps.settings(), attempts, this.#deps.random),
    )
    const job = failedOnce(stored.job, failure, runAt)
    const how: Settled = { kind: 'retry', failure, runAt }
    // In a fifo queue it keeps its place, so that its group stays in order; elsewhere others go first meanwhile.
    const staysInPlace = stored.table === 'delayed' || this.#deps.settings().type === 'fifo'
    let again: StoredJob = { ...stored, job }
    this.#write(
      () => {
        if (staysInPlace) return this.#deps.tables.setFailed(stored, job)
        this.#deps.tables.remove(stored)
        again = { table: 'delayed', place: this.#deps.tables.moveToDelayed(this.#deps.line.number, job), job }
      },
      () => {
        this.#deps.inHand.delete(keyOf(stored))
        if (!staysInPlace) this.#deps.room.moved(stored.table, 'delayed')
        this.#deps.source()?.retrying(again)
        consumer.settled?.(job, how)
      },
    )
  }

  #bury(consumer: Consumer, stored: StoredJob, job: Job): void {
    const failure = job.history.at(-1)!
    this.#write(
      () => {
        this.#deps.tables.remove(stored)
        this.#deps.tables.addDead(this.#deps.line.number, job, failure)
      },
      () => {
        this.#deps.inHand.delete(keyOf(stored))
        this.#deps.room.moved(stored.table, 'dead')
        this.#deps.source()?.finished(stored)
        consumer.settled?.(job, { kind: 'dead', failure })
      },
    )
  }

  /** A job of a queue that was fifo comes to where delayed ones stand. */
  moveBack(stored: StoredJob): void {
    let moved: StoredJob = stored
    this.#write(
      () => {
        this.#deps.tables.remove(stored)
        moved = {
          table: 'delayed',
          place: this.#deps.tables.moveToDelayed(this.#deps.line.number, stored.job),
          job: stored.job,
        }
      },
      () => {
        this.#deps.inHand.delete(keyOf(stored))
        this.#deps.room.moved('waiting', 'delayed')
        this.#deps.source()?.retrying(moved)
      },
    )
  }

  /** Delayed jobs of a fifo queue come to the end of those that wait when their time has come. */
  moveDue(source: FifoSource, now: number): void {
    if (this.#movesDue) return
    this.#movesDue = true
    // Until they are written nothing is due; if that fails it is tried again by itself.
    source.nextDue = Infinity
    const written: Written[] = []
    this.#write(
      () => {
        written.length = 0
        for (const stored of this.#deps.tables.readDelayed(this.#deps.line.number, now, LANE_WINDOW)) {
          if (this.#deps.inHand.has(keyOf(stored))) continue
          this.#deps.tables.remove(stored)
          written.push(this.#deps.line.writeAgain({ ...stored.job, runAt: undefined }))
        }
      },
      () => {
        this.#movesDue = false
        source.nextDue = this.#deps.tables.nextDue(this.#deps.line.number, written.length > 0 ? -1 : now) ?? Infinity
        for (const each of written) if ('added' in each) this.#deps.line.added(each)
        this.#deps.room.left('delayed', written.length)
      },
    )
  }

  #gone(stored: StoredJob): void {
    this.#deps.inHand.delete(keyOf(stored))
    this.#deps.room.left(stored.table, 1)
  }

  /** Writes what a delivery came to, again and again where the store refuses it: nothing else may happen to the job before. */
  #write(
    operation: () => void,
    committed: () => void,
    how: Pick<RunOptions<void>, 'atomic' | 'lazy' | 'withinMs'> = { atomic: true },
    refused: () => void = () => {},
  ): void {
    const done = (): void => {
      committed()
      this.#deps.written()
    }
    this.#deps.store.run(operation, { ...how, committed: done }).catch((error: unknown) => {
      refused()
      if (this.#closed) return
      this.#unwritten++
      this.#deps.log.error(
        'What a delivery came to could not be written. It is tried again; until then the job is kept.',
        {
          queue: this.#deps.line.ref.name,
          error: String(error),
        },
      )
      this.#deps.clock.after(RETRY_WRITE_MS, () => {
        this.#unwritten--
        if (!this.#closed) this.#write(operation, committed, how)
      })
    })
  }
}
