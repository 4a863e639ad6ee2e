// The next job of a standard queue: what was returned, then what was delayed and is due, then what waits, by priority and arrival.
import type { StoredJob } from './job-row.ts'
import type { JobSource, SourceQueue } from './job-source.ts'
import { LANE_WINDOW, type Lane } from './lane.ts'

export class StandardSource implements JobSource {
  readonly hasMore = false
  readonly retryingJobs = []
  readonly #queue: SourceQueue
  readonly #isInHand: (stored: StoredJob) => boolean
  #returned: StoredJob[] = []
  /** Delayed jobs that are due, read ahead. */
  #due: StoredJob[] = []
  /** No delayed job is due before. */
  #nextDue: number

  constructor(queue: SourceQueue) {
    this.#queue = queue
    this.#isInHand = (stored) => queue.isInHand(stored)
    this.#nextDue = queue.tables.nextDue(queue.number, -1) ?? Infinity
    for (const lane of queue.lanes) lane.rewind()
  }

  take(now: number): StoredJob | undefined {
    return this.#returned.shift() ?? this.#takeDue(now) ?? this.#takeWaiting()
  }

  added(lane: Lane, stored: StoredJob): void {
    if (stored.table === 'waiting') lane.added(stored, true)
    else this.#nextDue = Math.min(this.#nextDue, stored.job.runAt ?? 0)
  }

  finished(): void {}

  retrying({ job }: StoredJob): void {
    this.#nextDue = Math.min(this.#nextDue, job.runAt ?? 0)
  }

  returned(stored: StoredJob): void {
    this.#returned.push(stored)
    this.#returned.sort(inOrder)
  }

  nextAt(): number | undefined {
    return this.#nextDue === Infinity ? undefined : this.#nextDue
  }

  #takeDue(now: number): StoredJob | undefined {
    if (this.#due.length === 0 && this.#nextDue <= now) this.#readDue(now)
    return this.#due.shift()
  }

  #readDue(now: number): void {
    const { tables, number } = this.#queue
    // Those in hand still stand in the table, at its beginning.
    let inHand = 0
    for (const { table } of this.#queue.inHand()) if (table === 'delayed') inHand++
    const rows = tables.readDelayed(number, now, { ...LANE_WINDOW, rows: LANE_WINDOW.rows + inHand })
    this.#due = rows.filter(
      (stored) => !this.#isInHand(stored) && !this.#returned.some((other) => isSame(other, stored)),
    )
    this.#nextDue = this.#due.length > 0 ? now : (tables.nextDue(number, now) ?? Infinity)
  }

  #takeWaiting(): StoredJob | undefined {
    for (const lane of this.#queue.lanes) {
      const stored = lane.take(this.#isInHand)
      if (stored !== undefined) return stored
    }
    return undefined
  }
}

function isSame(one: StoredJob, other: StoredJob): boolean {
  return one.table === other.table && one.place === other.place
}

function inOrder(one: StoredJob, other: StoredJob): number {
  if (one.table !== other.table) return one.table === 'delayed' ? -1 : 1
  return other.job.priority - one.job.priority || one.place - other.place
}
