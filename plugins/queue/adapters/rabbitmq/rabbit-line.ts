// The consumption of one queue: what the broker hands over is begun when a slot, the rate and the job's group allow, and its outcome is told to the
// broker. What runs while the channel is lost goes on.
import { settlesWithin } from '../../../../base/time/deadline.ts'
import type { Job } from '../../job.ts'
import { failedOnce, failureOf } from '../../line/failed-job.ts'
import { RateWindow } from '../../line/rate-window.ts'
import type { QueueSettings } from '../../settings.ts'
import {
  MAX_SET_ASIDE,
  type Consumer,
  type Consumption,
  type Outcome,
  type Settled,
  type Subscription,
} from '../backend.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
import { Feed, type FeedDeps, type FeedOwner } from './feed.ts'
import { acknowledge, giveBack, HeldJob, type Origin, type Phase, type SlotOwner } from './held-job.ts'
import { HeldGroups } from './held-groups.ts'
import { copyOf } from './job-message.ts'
import { HOLD_MS, type JobStore } from './job-store.ts'
import { LackingJobs } from './lacking-jobs.ts'
import type { RabbitLimits } from './limits.ts'
import { reasonOf } from './rabbit-connection.ts'
import { addressed } from './topic-message.ts'
import { probe } from './topology.ts'

export interface LineDeps extends FeedDeps {
  readonly limits: RabbitLimits
  /** Runs it without the context of the call in which it happens. */
  readonly detached: <Value>(run: () => Value) => Value
}

/** How long what ended without a channel waits for its message to come again. */
const LOST_MS = 60_000

export class RabbitLine implements FeedOwner, SlotOwner {
  readonly store: JobStore
  readonly #deadLetters: DeadLetterQueue
  readonly #subscription: Subscription | undefined
  readonly #deps: LineDeps
  readonly #limits: RabbitLimits
  readonly #held = new Set<HeldJob>()
  /** Those whose channel is gone. */
  readonly #orphans = new Set<HeldJob>()
  readonly #groups = new HeldGroups()
  readonly #lacking: LackingJobs
  readonly #counts: Record<Phase, number> = { ready: 0, blocked: 0, timed: 0, running: 0, aside: 0, settling: 0 }
  #ready: HeldJob[] = []
  #resuming: HeldJob[] = []
  #bytes = 0
  #rate: RateWindow | undefined
  #cancelRateTimer: (() => void) | undefined
  #consumer: Consumer | undefined
  #feed: Feed | undefined
  #isPaused = false
  #isStopping = false
  #whenEmpty: (() => void) | undefined

  constructor(store: JobStore, deadLetters: DeadLetterQueue, subscription: Subscription | undefined, deps: LineDeps) {
    this.store = store
    this.#deadLetters = deadLetters
    this.#subscription = subscription
    this.#deps = deps
    this.#limits = deps.limits
    this.#lacking = new LackingJobs(deps.clock, () => this.hasOtherConsumers())
    this.#setRate(store.settings)
  }

  /** Jobs that were handed to this engine. */
  get inHand(): { readonly waiting: number; readonly active: number; readonly delayed: number } {
    const { ready, blocked, timed, running, aside, settling } = this.#counts
    return { waiting: ready + blocked, active: running + aside + settling, delayed: timed }
  }

  /** Those in hand whose time has not come. */
  get timed(): Job[] {
    return [...this.#held].filter(({ phase }) => phase === 'timed').map(({ job }) => job)
  }

  configure(settings: QueueSettings): void {
    const { type } = this.store.settings
    this.store.settings = settings
    this.#setRate(settings)
    // Jobs that were handed over come again, in their order, to be taken by the other rules.
    if (type !== settings.type) this.#feed?.restart()
    this.#fit()
    this.#pump()
  }

  async consume(consumer: Consumer): Promise<Consumption> {
    if (this.#consumer !== undefined) throw new Error(`The queue ${this.store.queue.key} has a consumer already.`)
    this.#consumer = consumer
    this.#feed = new Feed(this.store, this.#deps, this)
    try {
      await this.#feed.open()
    } catch (error) {
      await this.#feed.close()
      this.#consumer = this.#feed = undefined
      throw error
    }
    return { stop: (withinMs) => this.stop(withinMs) }
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#giveBack()
    this.#fit()
    this.#pump()
  }

  async stop(withinMs: number): Promise<void> {
    if (this.#consumer === undefined || this.#isStopping) return
    this.#isStopping = true
    for (const held of this.#held) held.end()
    await this.#feed?.fit()
    this.#giveBack()
    if (this.#held.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#whenEmpty = resolve
      await settlesWithin(promise, withinMs, this.#deps.clock)
      this.#whenEmpty = undefined
    }
    for (const held of [...this.#held]) this.#finish(held, { kind: giveBack(held.origin) ? 'returned' : 'lost' })
    this.#cancelRateTimer?.()
    this.#resuming = []
    await this.#feed?.close()
    this.#consumer = this.#feed = undefined
    this.#isStopping = false
  }

  async hasOtherConsumers(): Promise<boolean> {
    const there = await probe(this.#deps.connection, this.store.names.main)
    return (there?.consumers ?? 0) > (this.#feed?.consumers ?? 0)
  }

  setAside(held: HeldJob): boolean {
    if (this.#counts.aside >= MAX_SET_ASIDE) return false
    this.#turn(held, 'aside')
    // Of a fifo queue one engine delivers all.
    if (this.store.settings.type === 'standard') this.#lacking.offer(held)
    this.#fit()
    this.#pump()
    return true
  }

  takeUp(held: HeldJob): void {
    this.#resuming.push(held)
    this.#pump()
  }

  /** Its messages come again. What has not begun is forgotten until then; what has begun goes on without one. */
  lost(): void {
    const isFifo = this.store.settings.type === 'fifo'
    for (const held of [...this.#held]) {
      held.origin = undefined
      const hasBegun = held.phase !== 'ready' && held.phase !== 'blocked' && held.phase !== 'timed'
      // The attempts of a fifo job that waits for its next one are known only here.
      if (hasBegun || (isFifo && held.job.attempts > 0)) this.#orphans.add(held)
      else this.#leave(held)
      if (held.outcome !== undefined) this.#expire(held)
    }
  }

  take(origin: Origin): void {
    if (this.#isStopping || this.#isPaused) return void giveBack(origin)
    const known = [...this.#orphans].find((held) => held.isOf(origin.message))
    if (known !== undefined) return this.#takeAgain(known, origin)
    const job = this.store.form.decode(origin.message)
    if (job === undefined) return this.#refuse(origin)
    if (this.#lacking.passesOn(job, this.#consumer)) return void giveBack(origin)
    const held = new HeldJob(addressed(job, this.#subscription), origin, this)
    held.lackingSince = this.#lacking.since(job.id)
    this.#accept(held)
  }

  #takeAgain(held: HeldJob, origin: Origin): void {
    this.#orphans.delete(held)
    held.origin = origin
    if (held.outcome === undefined) return
    held.cancelTimer?.()
    void this.#settle(held, held.outcome)
  }

  /** Another engine may have got its message. */
  #expire(held: HeldJob): void {
    held.cancelTimer = this.#deps.clock.after(LOST_MS, () => this.#finish(held, { kind: 'lost' }))
  }

  #accept(held: HeldJob): void {
    this.#held.add(held)
    this.#counts[held.phase]++
    this.#bytes += held.content.length
    this.#enter(held)
    this.#fit()
    this.#pump()
  }

  /** A named queue has the broker move it to the dead letters; that of a subscription was declared without such a way. */
  #refuse({ channel, message }: Origin): void {
    if (this.#subscription === undefined) return channel.nack(message, false, false)
    this.store.buryMessage(copyOf(message)).then(
      () => acknowledge({ channel, message }),
      () => giveBack({ channel, message }),
    )
  }

  #enter(held: HeldJob): void {
    const waitMs = (held.job.runAt ?? 0) - this.#deps.clock.now()
    if (waitMs > 0) return this.#wait(held, waitMs)
    const isFirst = this.store.settings.type === 'standard' || this.#groups.enter(held)
    this.#turn(held, isFirst ? 'ready' : 'blocked')
    if (isFirst) this.#ready.push(held)
  }

  #wait(held: HeldJob, waitMs: number): void {
    this.#turn(held, 'timed')
    if (waitMs > HOLD_MS || this.#counts.timed > this.#limits.maxIdle / 2) return void this.#sendAway(held)
    held.cancelTimer = this.#deps.clock.after(waitMs, () => {
      this.#enter(held)
      this.#fit()
      this.#pump()
    })
  }

  /** To a queue of the broker in which it waits for longer. */
  async #sendAway(held: HeldJob): Promise<void> {
    try {
      await this.store.put(held.job)
      acknowledge(held.origin)
    } catch {
      giveBack(held.origin)
    }
    this.#leave(held)
  }

  #pump(): void {
    const { concurrency } = this.store.settings
    while (this.#consumer !== undefined && this.#counts.running < concurrency) {
      const resumed = this.#resuming.shift()
      if (resumed !== undefined) {
        if (resumed.phase !== 'aside') continue
        this.#turn(resumed, 'running')
        resumed.goOn()
        continue
      }
      if (this.#isPaused || this.#isStopping || this.#ready.length === 0) return
      const waitMs = this.#rate?.waitMs(this.#deps.clock.now()) ?? 0
      if (waitMs > 0) {
        this.#cancelRateTimer?.()
        this.#cancelRateTimer = this.#deps.clock.after(Math.ceil(waitMs), () => this.#pump())
        return
      }
      this.#begin(this.#ready.shift()!, this.#consumer)
    }
  }

  #begin(held: HeldJob, consumer: Consumer): void {
    this.#rate?.started(this.#deps.clock.now())
    this.#turn(held, 'running')
    void this.#deps
      .detached(() => consumer.deliver(held))
      .catch((error: unknown): Outcome => ({ kind: 'failed', code: 'invocation_failed', message: reasonOf(error) }))
      .then((outcome) => this.#ended(held, outcome))
  }

  #ended(held: HeldJob, outcome: Outcome): void {
    if (!this.#held.has(held)) return
    this.#turn(held, 'settling')
    held.outcome = outcome
    if (held.origin !== undefined) void this.#settle(held, outcome)
    else this.#expire(held)
    this.#pump()
  }

  async #settle(held: HeldJob, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'failed') return this.#failed(held, outcome)
    if (outcome.kind === 'done') acknowledge(held.origin)
    else giveBack(held.origin)
    this.#finish(held, outcome)
  }

  async #failed(held: HeldJob, { code, message }: Outcome & { kind: 'failed' }): Promise<void> {
    if (held.isStoring) return
    const { maxAttempts, type, backoffMs } = this.store.settings
    const now = this.#deps.clock.now()
    const failure = failureOf(now, code, message)
    const job = failedOnce(held.job, failure, held.job.runAt)
    const isDead = job.attempts >= maxAttempts
    const runAt = now + (this.#subscription === undefined || type === 'fifo' ? backoffMs : 0)
    const how: Settled = isDead ? { kind: 'dead', failure } : { kind: 'retry', failure, runAt }
    if (!isDead && type === 'fifo') return this.#retryInPlace(held, { ...job, runAt }, how)
    held.isStoring = true
    try {
      const isAgain = held.origin?.message.fields.redelivered === true
      await (isDead ? this.#deadLetters.add(job, isAgain) : this.store.retry(job))
    } catch (error) {
      // Where the channel is lost as well, its message comes again, and then this is tried again.
      if (held.origin === undefined) return
      this.#deps.log.warn(`A failed job of the queue ${this.store.queue.name} stays in it: ${reasonOf(error)}`)
      giveBack(held.origin)
      return this.#finish(held, { kind: 'returned' })
    } finally {
      held.isStoring = false
    }
    held.job = job
    this.#tell(held, how)
    // Its copy is stored. Where the channel was lost the message itself comes again, and is only acknowledged then.
    held.outcome = { kind: 'done' }
    if (held.origin === undefined) return
    acknowledge(held.origin)
    this.#finish(held, how)
  }

  /** Its group waits as well: the broker could only put it behind the others. */
  #retryInPlace(held: HeldJob, job: Job, how: Settled): void {
    held.job = job
    held.outcome = undefined
    this.#consumer?.settled?.(job, how)
    this.#turn(held, 'timed')
    if (this.#isStopping) return this.#finish(held, { kind: 'returned' }, true)
    held.cancelTimer = this.#deps.clock.after(Math.max(0, (job.runAt ?? 0) - this.#deps.clock.now()), () => {
      this.#turn(held, 'ready')
      this.#ready.push(held)
      this.#pump()
    })
    this.#fit()
  }

  #finish(held: HeldJob, how: Settled, isQuiet = false): void {
    if (!this.#held.has(held)) return
    if (isQuiet) giveBack(held.origin)
    else this.#tell(held, how)
    this.#leave(held)
    this.#fit()
    this.#pump()
  }

  #tell(held: HeldJob, how: Settled): void {
    if (held.isTold) return
    held.isTold = true
    if (how.kind !== 'returned') this.#lacking.forget(held.job.id)
    this.#consumer?.settled?.(held.job, how)
  }

  #leave(held: HeldJob): void {
    if (!this.#held.delete(held)) return
    this.#orphans.delete(held)
    held.cancelTimer?.()
    this.#counts[held.phase]--
    this.#bytes -= held.content.length
    if (held.phase === 'ready') this.#ready = this.#ready.filter((other) => other !== held)
    const next = this.#groups.leave(held)
    if (next?.phase === 'blocked') {
      this.#turn(next, 'ready')
      this.#ready.push(next)
    }
    if (this.#held.size === 0) this.#whenEmpty?.()
  }

  /** What has not begun goes back to its old place. */
  #giveBack(): void {
    for (const held of [...this.#held]) {
      if (held.phase !== 'ready' && held.phase !== 'blocked' && held.phase !== 'timed') continue
      giveBack(held.origin)
      this.#leave(held)
    }
  }

  #turn(held: HeldJob, phase: Phase): void {
    if (this.#held.has(held)) {
      this.#counts[held.phase]--
      this.#counts[phase]++
    }
    held.phase = phase
  }

  #fit(): void {
    void this.#feed?.fit()
  }

  /** The slots, and room for those in hand that can't begin, in steps of doubling; it shrinks when most of that is not needed any more. */
  wanted(current: number): number {
    const { concurrency } = this.store.settings
    if (this.#isPaused || this.#isStopping || concurrency === 0) return 0
    const { aside, timed, blocked } = this.#counts
    const idle = aside + timed + blocked
    const room = idle === 0 ? 0 : Math.min(this.#limits.maxIdle, 2 ** Math.ceil(Math.log2(idle)))
    const has = current - concurrency
    if (room > has && this.#bytes > this.#limits.maxHeldBytes) return Math.max(current, concurrency)
    return room < has && room * 4 > has ? current : concurrency + room
  }

  #setRate({ rateLimit }: QueueSettings): void {
    const { limit } = this.#rate ?? {}
    if (limit?.max === rateLimit?.max && limit?.perMs === rateLimit?.perMs) return
    this.#rate = rateLimit === undefined ? undefined : new RateWindow(rateLimit)
  }
}
