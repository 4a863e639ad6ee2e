// What stands in a queue, for those who look at it: figures, the jobs that come next, those whose time has not come.
import type { Clock } from '../../../../base/time/clock.ts'
import type { Job } from '../../job.ts'
import type { QueueStats } from '../backend.ts'
import { keyOf, type StoredJob } from './job-row.ts'
import type { JobSource } from './job-source.ts'
import type { JobTables } from './job-tables.ts'
import { LANE_WINDOW, type Lane } from './lane.ts'
import type { QueueRoom } from './queue-room.ts'

export interface QueueViewDeps {
  readonly number: number
  readonly tables: JobTables
  readonly clock: Clock
  readonly lanes: readonly Lane[]
  readonly room: QueueRoom
  readonly inHand: ReadonlyMap<number, StoredJob>
  readonly source: () => JobSource | undefined
}

export class QueueView {
  readonly #deps: QueueViewDeps

  constructor(deps: QueueViewDeps) {
    this.#deps = deps
  }

  stats(): Omit<QueueStats, 'active' | 'paused'> {
    const { number, tables, clock, room, inHand } = this.#deps
    const now = clock.now()
    const retrying = this.#retrying(now).length
    const [due] = tables.countDelayed(number, now)
    let waitingInHand = 0
    for (const { table } of inHand.values()) if (table === 'waiting') waitingInHand++
    const dueInHand = inHand.size - waitingInHand
    return {
      waiting: Math.max(0, room.waiting - waitingInHand - retrying + due - dueInHand),
      delayed: Math.max(0, room.delayed - due + retrying),
      dead: room.dead,
      oldestAt: this.waiting(0, 1)[0]?.createdAt,
    }
  }

  waiting(offset: number, limit: number): Job[] {
    const found: Job[] = []
    let passed = 0
    for (const { job } of this.#waiting(this.#deps.clock.now())) {
      if (passed++ < offset) continue
      if (found.length >= limit) break
      found.push(job)
    }
    return found
  }

  delayed(offset: number, limit: number): Job[] {
    const { number, tables, clock } = this.#deps
    const now = clock.now()
    const read = { rows: offset + limit, characters: Infinity }
    return [...this.#retrying(now), ...tables.readDelayed(number, Number.MAX_SAFE_INTEGER, read, now)]
      .map(({ job }) => job)
      .sort((one, other) => (one.runAt ?? 0) - (other.runAt ?? 0))
      .slice(offset, offset + limit)
  }

  *#waiting(now: number): Generator<StoredJob> {
    const { number, tables, lanes, inHand } = this.#deps
    const due = tables.readDelayed(number, now, { rows: LANE_WINDOW.rows + inHand.size, characters: Infinity })
    yield* due.filter((stored) => !inHand.has(keyOf(stored)))
    for (const lane of lanes) {
      let after = lane.before
      for (;;) {
        const rows = tables.readWaiting(after, lane.number, lane.priority, LANE_WINDOW)
        if (rows.length === 0) break
        after = rows.at(-1)!.place
        for (const stored of rows) {
          if (!inHand.has(keyOf(stored)) && (stored.job.runAt ?? 0) <= now) yield stored
        }
      }
    }
  }

  /** Jobs of a fifo queue that keep their place until their next attempt. */
  #retrying(now: number): StoredJob[] {
    return (this.#deps.source()?.retryingJobs ?? []).filter(({ job }) => (job.runAt ?? 0) > now)
  }
}
