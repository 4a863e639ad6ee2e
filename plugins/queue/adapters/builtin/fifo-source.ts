// The next job of a fifo queue: one of each group at a time, in the order of arrival. The lane is read once from its beginning to its end; jobs of
// groups that are busy are passed over, and found again by their group when it is free. Only a few of them are kept in memory.
import type { StoredJob } from './job-row.ts'
import type { JobSource, SourceQueue } from './job-source.ts'
import type { ReadLimits } from './job-tables.ts'
import type { Lane } from './lane.ts'
import { LANE_POSITIONS } from './schema.ts'

export interface FifoLimits {
  /** Groups that are busy or wait for the next attempt of their first job. At the limit no further group begins. */
  readonly maxBusyGroups: number
  /** Jobs passed over in one turn of the event loop. */
  readonly passPerTurn: number
  /** Jobs of a busy group that are read at a time. */
  readonly ahead: ReadLimits
  /** Jobs of all busy groups that are kept in memory. */
  readonly maxAhead: number
}

export const FIFO_LIMITS: FifoLimits = {
  maxBusyGroups: 10_000,
  passPerTurn: 2_000,
  ahead: { rows: 16, characters: 64 * 1024 },
  maxAhead: 1_000,
}

/** A group with a job in hand, ready, or waiting for its next attempt. */
interface BusyGroup {
  readonly name: string
  /** More than one only where the queue was standard before. */
  inHand: number
  /** The next ones, in order. */
  ahead: StoredJob[]
  /** There may be more of it behind those, up to where the lanes were taken. */
  behind: boolean
  /** The last one that is known. */
  lastPlace: number
}

export class FifoSource implements JobSource {
  readonly #queue: SourceQueue
  readonly #limits: FifoLimits
  readonly #groups = new Map<string, BusyGroup>()
  #ready: StoredJob[] = []
  /** By `runAt`. */
  #retrying: StoredJob[] = []
  #ahead = 0
  #hasMore = false
  #nextDue: number

  constructor(queue: SourceQueue, limits: FifoLimits = FIFO_LIMITS) {
    this.#queue = queue
    this.#limits = limits
    this.#nextDue = queue.tables.nextDue(queue.number, -1) ?? Infinity
    for (const stored of queue.inHand()) this.#busy(stored).inHand++
    for (const lane of queue.lanes) lane.rewind()
  }

  get hasMore(): boolean {
    return this.#hasMore
  }

  get retryingJobs(): readonly StoredJob[] {
    return this.#retrying
  }

  take(now: number): StoredJob | undefined {
    this.#hasMore = false
    while (this.#retrying.length > 0 && this.#retrying[0]!.job.runAt! <= now) this.#ready.push(this.#retrying.shift()!)
    const stored = this.#ready.shift() ?? this.#takeNew(now)
    if (stored !== undefined) this.#groups.get(groupOf(stored))!.inHand++
    return stored
  }

  added(lane: Lane, stored: StoredJob): void {
    if (stored.table === 'waiting') lane.added(stored, true)
    else this.#nextDue = Math.min(this.#nextDue, stored.job.runAt ?? 0)
  }

  finished(stored: StoredJob): void {
    const group = this.#groups.get(groupOf(stored))
    if (group === undefined || --group.inHand > 0) return
    const next = this.#nextOf(group)
    if (next === undefined) this.#groups.delete(group.name)
    else if ((next.job.runAt ?? 0) > 0) this.#waitFor(next)
    else this.#ready.push(next)
  }

  retrying(stored: StoredJob): void {
    const group = this.#busy(stored)
    group.inHand--
    this.#waitFor(stored)
  }

  returned(stored: StoredJob): void {
    this.#busy(stored).inHand--
    this.#ready.unshift(stored)
  }

  nextAt(): number | undefined {
    const at = Math.min(this.#nextDue, this.#retrying[0]?.job.runAt ?? Infinity)
    return at === Infinity ? undefined : at
  }

  /** When the next delayed job is to be moved behind the others. */
  get nextDue(): number {
    return this.#nextDue
  }

  set nextDue(at: number) {
    this.#nextDue = at
  }

  /** The first job of a group that is not busy. */
  #takeNew(now: number): StoredJob | undefined {
    let passed = 0
    const skips = (stored: StoredJob): boolean => this.#queue.isInHand(stored)
    for (const lane of this.#queue.lanes) {
      while (this.#groups.size < this.#limits.maxBusyGroups) {
        const stored = lane.take(skips)
        if (stored === undefined) break
        const known = this.#groups.get(groupOf(stored))
        if (known !== undefined) this.#passOver(known, stored)
        else {
          const group = this.#busy(stored)
          group.lastPlace = stored.place
          if ((stored.job.runAt ?? 0) <= now) return stored
          this.#waitFor(stored)
        }
        if (++passed < this.#limits.passPerTurn) continue
        this.#hasMore = true
        return undefined
      }
    }
    return undefined
  }

  #passOver(group: BusyGroup, stored: StoredJob): void {
    const { ahead, maxAhead } = this.#limits
    const isFull =
      group.ahead.length >= ahead.rows || this.#ahead >= maxAhead || stored.job.data.length > ahead.characters
    if (group.behind || isFull) {
      group.behind = true
      return
    }
    group.ahead.push(stored)
    group.lastPlace = stored.place
    this.#ahead++
  }

  #nextOf(group: BusyGroup): StoredJob | undefined {
    if (group.ahead.length === 0 && group.behind) this.#readAhead(group)
    const next = group.ahead.shift()
    if (next !== undefined) this.#ahead--
    return next
  }

  #readAhead(group: BusyGroup): void {
    for (const lane of this.#queue.lanes) {
      const isBefore = !hasPlace(lane, group.lastPlace)
      const after = isBefore ? lane.before : group.lastPlace
      const found = this.#queue.tables
        .readGroup(group.name, after, lane.takenTo, this.#limits.ahead)
        .filter((stored) => !this.#queue.isInHand(stored))
      if (found.length === 0) continue
      group.ahead = found
      group.lastPlace = found.at(-1)!.place
      this.#ahead += found.length
      return
    }
    group.behind = false
  }

  #busy(stored: StoredJob): BusyGroup {
    const name = groupOf(stored)
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = { name, inHand: 0, ahead: [], behind: false, lastPlace: -1 }
      this.#groups.set(name, group)
    }
    return group
  }

  #waitFor(stored: StoredJob): void {
    const runAt = stored.job.runAt ?? 0
    let low = 0
    let high = this.#retrying.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#retrying[middle]!.job.runAt ?? 0) <= runAt) low = middle + 1
      else high = middle
    }
    this.#retrying.splice(low, 0, stored)
  }
}

function groupOf({ job }: StoredJob): string {
  return job.group ?? ''
}

function hasPlace(lane: Lane, place: number): boolean {
  return place >= lane.number * LANE_POSITIONS && place < (lane.number + 1) * LANE_POSITIONS
}
