// One queue of the built-in backend while the engine runs: what is in it, who works on what, and when the next job is given out. Who works on a
// job is known here alone: a job that is taken stands in its table as before, until its delivery has come to something.
import { CodedError } from '../../../../protocol/errors.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { Job, NewJob } from '../../job.ts'
import { RateWindow } from '../../line/rate-window.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../settings.ts'
import { MAX_SET_ASIDE, type Consumer, type Outcome, type QueueRef, type QueueStats } from '../backend.ts'
import { FifoSource } from './fifo-source.ts'
import type { JobDatabase } from './job-database.ts'
import { JobOutcomes, MAX_UNWRITTEN } from './job-outcomes.ts'
import { keyOf, NewlyStored, type StoredJob } from './job-row.ts'
import type { JobSource, SourceQueue } from './job-source.ts'
import type { JobTables } from './job-tables.ts'
import type { Lane } from './lane.ts'
import { QueueRoom } from './queue-room.ts'
import { QueueView } from './queue-view.ts'
import { RunningDelivery } from './running-delivery.ts'
import { StandardSource } from './standard-source.ts'

const LONGEST_TIMER_MS = 2_147_483_647

export interface QueueLineDeps {
  readonly store: JobDatabase
  readonly tables: JobTables
  readonly clock: Clock
  readonly random: () => number
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  /** Runs something outside of the context of whoever caused it. */
  readonly detached: <T>(task: () => T) => T
  /** Gives the lane of a priority, made where there is none. */
  readonly openLane: (queue: number, priority: number) => Lane
}

/** What became of a job that was to be written. */
export type Written = { readonly added: StoredJob; readonly lane: Lane | undefined } | { readonly sameAs: string }

export class QueueLine implements SourceQueue {
  readonly number: number
  readonly tables: JobTables
  ref: QueueRef
  /** Made by `declare`, rather than found in the store. */
  isDeclared = false
  readonly #deps: QueueLineDeps
  readonly #lanes: Lane[] = []
  readonly #room: QueueRoom
  readonly #view: QueueView
  readonly #outcomes: JobOutcomes
  #settings: QueueSettings = QUEUE_DEFAULTS
  #rate: RateWindow | undefined
  #paused: boolean
  #consumer: Consumer | undefined
  #source: JobSource | undefined
  /** Jobs that were given out and are still in their tables. */
  readonly #inHand = new Map<number, StoredJob>()
  readonly #deliveries = new Set<RunningDelivery>()
  /** Deliveries that occupy a slot. */
  #running = 0
  #setAside = 0
  /** Deliveries that want their slot back. */
  #takingUp: RunningDelivery[] = []
  #pumpIsDue = false
  #wakeAt = Infinity
  #cancelWake: (() => void) | undefined
  #idle: (() => void) | undefined
  #closed = false

  constructor(
    { number, ref, paused, lanes }: { number: number; ref: QueueRef; paused: boolean; lanes: readonly Lane[] },
    deps: QueueLineDeps,
  ) {
    this.number = number
    this.ref = ref
    this.tables = deps.tables
    this.#deps = deps
    this.#paused = paused
    for (const lane of lanes) this.#addLane(lane)
    this.#room = new QueueRoom(number, deps.tables, lanes)
    const { tables, clock } = deps
    const source = (): JobSource | undefined => this.#source
    this.#view = new QueueView({
      number,
      tables,
      clock,
      lanes: this.#lanes,
      room: this.#room,
      inHand: this.#inHand,
      source,
    })
    this.#outcomes = new JobOutcomes({
      ...deps,
      line: this,
      room: this.#room,
      inHand: this.#inHand,
      source,
      settings: () => this.#settings,
      written: this.#pumpSoon,
    })
  }

  get lanes(): readonly Lane[] {
    return this.#lanes
  }

  get isEmpty(): boolean {
    return this.#room.jobs === 0
  }

  get isConsumed(): boolean {
    return this.#consumer !== undefined
  }

  isInHand(stored: StoredJob): boolean {
    return this.#inHand.has(keyOf(stored))
  }

  inHand(): Iterable<StoredJob> {
    return this.#inHand.values()
  }

  get settings(): QueueSettings {
    return this.#settings
  }

  set settings(settings: QueueSettings) {
    const before = this.#settings
    this.#settings = settings
    this.#room.setLimits(settings)
    const { rateLimit } = settings
    if (rateLimit === undefined) this.#rate = undefined
    else if (rateLimit.max !== this.#rate?.limit.max || rateLimit.perMs !== this.#rate.limit.perMs) {
      this.#rate = new RateWindow(rateLimit)
    }
    if (before.type !== settings.type && this.#source !== undefined) this.#source = this.#newSource()
    this.#pumpSoon()
  }

  get isPaused(): boolean {
    return this.#paused
  }

  setPaused(paused: boolean): void {
    this.#paused = paused
    this.#pumpSoon()
  }

  /** Keeps room for a job that is about to be written. Throws `queue_full`, and then nothing is kept. */
  reserve(job: NewJob): void {
    this.#room.reserve(job, this.ref)
  }

  release(job: Pick<Job, 'data'>): void {
    this.#room.release(job)
  }

  /** Inside a batch: writes a job for which room was reserved. */
  write(job: NewJob, now: number): Written {
    const { dedup } = job
    if (dedup !== undefined) {
      const holder = this.tables.holderOf(this.number, dedup.key, now)
      if (holder !== undefined) return { sameAs: holder }
      this.tables.setHolder(this.number, dedup, job.id, now)
    }
    if (job.runAt !== undefined && job.runAt > now) {
      const place = this.tables.addDelayed(this.number, job, now, job.runAt)
      return { added: new NewlyStored('delayed', place, job, now), lane: undefined }
    }
    const lane = this.#laneFor(job.priority ?? 0)
    const place = this.#assign(lane)
    this.tables.addWaiting(place, job, now)
    return { added: new NewlyStored('waiting', place, job, now), lane }
  }

  /** Inside a batch: writes a job that was stored before, to the end of those that wait. */
  writeAgain(job: Job): Written {
    const lane = this.#laneFor(job.priority)
    const place = this.#assign(lane)
    this.tables.moveToWaiting(place, job)
    return { added: { table: 'waiting', place, job }, lane }
  }

  /** What `write` has written is committed. */
  added({ added, lane }: Extract<Written, { added: StoredJob }>): void {
    this.#room.entered(added.table)
    if (lane !== undefined) lane.isKnown = true
    if (this.#source !== undefined) this.#source.added(lane ?? this.#lanes[0]!, added)
    else if (added.table === 'waiting') lane!.added(added, false)
    this.#pumpSoon()
  }

  /** Dead letters were taken out; those that were put back into the queue have been `added`. */
  deadLeft(count: number): void {
    this.#room.left('dead', count)
  }

  consume(consumer: Consumer): void {
    if (this.#consumer !== undefined) throw new Error(`The queue ${this.ref.key} is consumed already.`)
    this.#consumer = consumer
    this.#source = this.#newSource()
    this.#pumpSoon()
  }

  /** Takes no more; resolves when nothing runs, after `withinMs` at the latest. */
  async stop(withinMs: number): Promise<void> {
    const consumer = this.#consumer
    if (consumer === undefined) return
    this.#consumer = undefined
    this.#cancelWake?.()
    // Those that are set aside run nothing: nobody waits for them.
    for (const delivery of [...this.#deliveries]) {
      if (delivery.isAside) this.#giveUp(consumer, delivery)
      else delivery.end()
    }
    if (this.#deliveries.size > 0) await this.#idleWithin(withinMs)
    for (const delivery of [...this.#deliveries]) this.#giveUp(consumer, delivery)
    this.#source = undefined
    for (const lane of this.#lanes) lane.rewind()
  }

  close(): void {
    this.#closed = true
    this.#outcomes.close()
    this.#cancelWake?.()
  }

  stats(): QueueStats {
    return { ...this.#view.stats(), active: this.#deliveries.size, paused: this.#paused }
  }

  /** Jobs that could be delivered now, the next one first. */
  peek(offset: number, limit: number): Job[] {
    return this.#view.waiting(offset, limit)
  }

  /** Jobs whose time has not come, the next one first. */
  delayedJobs(offset: number, limit: number): Job[] {
    return this.#view.delayed(offset, limit)
  }

  #newSource(): JobSource {
    return this.#settings.type === 'fifo' ? new FifoSource(this) : new StandardSource(this)
  }

  #laneFor(priority: number): Lane {
    const wanted = this.#settings.type === 'fifo' ? 0 : priority
    const lane =
      this.#lanes.find((each) => each.priority === wanted) ?? this.#addLane(this.#deps.openLane(this.number, wanted))
    if (!lane.isKnown) this.tables.addLane(lane.number, this.number, lane.priority)
    return lane
  }

  #addLane(lane: Lane): Lane {
    this.#lanes.push(lane)
    this.#lanes.sort((one, other) => other.priority - one.priority)
    return lane
  }

  #assign(lane: Lane): number {
    const place = lane.assign()
    if (place !== undefined) return place
    throw new CodedError(
      'queue_full',
      `The queue ${this.ref.name} was never empty for so many jobs that its places are used up. Let it become empty and reload iii-queue.`,
    )
  }

  readonly #pumpSoon = (): void => {
    if (this.#pumpIsDue || this.#consumer === undefined) return
    this.#pumpIsDue = true
    process.nextTick(this.#pump)
  }

  get #hasRoom(): boolean {
    return this.#running + this.#outcomes.finishing < this.#settings.concurrency
  }

  readonly #pump = (): void => {
    this.#pumpIsDue = false
    if (this.#consumer === undefined || this.#source === undefined || this.#closed) return
    const now = this.#deps.clock.now()
    let wakeAt = Infinity
    if (this.#source instanceof FifoSource && this.#source.nextDue <= now) this.#outcomes.moveDue(this.#source, now)
    while (this.#hasRoom && this.#outcomes.unwritten < MAX_UNWRITTEN) {
      const again = this.#takingUp.shift()
      if (again !== undefined) {
        this.#running++
        this.#setAside--
        again.goOn()
        continue
      }
      if (this.#paused) break
      const waitMs = this.#rate?.waitMs(now) ?? 0
      if (waitMs > 0) {
        wakeAt = now + waitMs
        break
      }
      const stored = this.#source.take(now)
      if (stored === undefined) {
        if (this.#source.hasMore) setImmediate(this.#pumpSoon)
        wakeAt = this.#source.nextAt(now) ?? Infinity
        break
      }
      this.#start(this.#consumer, stored, now)
    }
    this.#wake(wakeAt)
  }

  #start(consumer: Consumer, stored: StoredJob, now: number): void {
    this.#inHand.set(keyOf(stored), stored)
    // A queue that was fifo leaves jobs where they stood that wait for their next attempt.
    if (this.#settings.type !== 'fifo' && stored.table === 'waiting' && (stored.job.runAt ?? 0) > now) {
      return this.#outcomes.moveBack(stored)
    }
    this.#rate?.started(now)
    this.#running++
    const delivery = new RunningDelivery(stored, {
      setAside: () => this.#putAside(),
      takeUp: () => {
        this.#takingUp.push(delivery)
        this.#pumpSoon()
      },
    })
    this.#deliveries.add(delivery)
    this.#deps
      .detached(() => consumer.deliver(delivery))
      .then(
        (outcome) => this.#settle(consumer, delivery, outcome),
        (error: unknown) =>
          this.#settle(consumer, delivery, { kind: 'failed', code: 'internal', message: String(error) }),
      )
  }

  #putAside(): boolean {
    if (this.#setAside >= MAX_SET_ASIDE) return false
    this.#setAside++
    this.#running--
    this.#pumpSoon()
    return true
  }

  #settle(consumer: Consumer, delivery: RunningDelivery, outcome: Outcome): void {
    if (!this.#deliveries.has(delivery)) return
    this.#forget(delivery)
    const { stored } = delivery
    if (outcome.kind === 'done') this.#outcomes.finish(consumer, stored)
    else if (outcome.kind === 'failed') this.#outcomes.fail(consumer, stored, outcome.code, outcome.message)
    else {
      this.#inHand.delete(keyOf(stored))
      this.#source?.returned(stored)
      consumer.settled?.(stored.job, { kind: 'returned' })
    }
    this.#pumpSoon()
  }

  /** Whatever it comes to no longer counts: its job is waiting again. */
  #giveUp(consumer: Consumer, delivery: RunningDelivery): void {
    this.#forget(delivery)
    delivery.end()
    this.#inHand.delete(keyOf(delivery.stored))
    consumer.settled?.(delivery.job, { kind: 'returned' })
  }

  #forget(delivery: RunningDelivery): void {
    this.#deliveries.delete(delivery)
    if (delivery.isAside) {
      this.#setAside--
      this.#takingUp = this.#takingUp.filter((other) => other !== delivery)
    } else this.#running--
    if (this.#deliveries.size === 0) this.#idle?.()
  }

  #wake(at: number): void {
    if (at === this.#wakeAt && this.#cancelWake !== undefined) return
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeAt = at
    if (at === Infinity) return
    const ms = Math.min(LONGEST_TIMER_MS, Math.max(0, at - this.#deps.clock.now()))
    this.#cancelWake = this.#deps.clock.after(ms, () => {
      this.#cancelWake = undefined
      this.#pumpSoon()
    })
  }

  #idleWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, resolve)
      this.#idle = () => {
        this.#idle = undefined
        cancel()
        resolve()
      }
    })
  }
}
