// The jobs of one queue that this engine delivers. What is in the queue, who works on what and who may take the next job is known on the server;
// here is only what this engine has in hand. Outcomes and the search for further jobs go to the server together, many at once.
import type { Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import { RateWindow } from '../../line/rate-window.ts'
import { RedisError } from '../../../../kit/redis/redis-connection.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../settings.ts'
import { type Consumer, type Outcome, type QueueRef } from '../backend.ts'
import { AsideDeliveries } from './aside-deliveries.ts'
import { readJobs, type StoredJob } from './job-record.ts'
import { LackingJobs } from './lacking-jobs.ts'
import { queueKey, type Key } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'
import { RedisDelivery } from './redis-delivery.ts'
import { outcomeOf, type Ended } from './redis-outcome.ts'

/** Jobs that are taken in one step. */
export const MAX_TAKEN = 128
/** Outcomes that are written in one step. */
export const MAX_SETTLED = 256
/** Steps of one queue that are under way. Further ones than one are full: what ends meanwhile gathers, as the server writes its file once for each. */
const MAX_STEPS = 4
/** Without being woken a queue is looked at after this time, for the case that a wake-up was lost. */
export const LOOK_MS = 5_000
/** What the server refuses is tried again after this time. */
const RETRY_MS = 1_000
const LONGEST_TIMER_MS = 2_147_483_647

export interface RedisLineDeps {
  readonly server: QueueServer
  readonly engine: string
  readonly leaseMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  /** Runs something outside of the context of whoever caused it. */
  readonly detached: <T>(task: () => T) => T
  /** A number that no other delivery of this engine has; reserves that many. */
  readonly tokens: (count: number) => number
}

type WorkReply = [
  results: string[],
  handles: string[],
  records: (string | null)[],
  states: (string | null)[],
  again: number,
  more: number,
  lacks: string,
]

export class RedisLine {
  readonly ref: QueueRef
  readonly key: Key
  readonly #deps: RedisLineDeps
  #settings: QueueSettings = QUEUE_DEFAULTS
  #consumer: Consumer | undefined
  readonly #deliveries = new Set<RedisDelivery>()
  /** Taken, and not yet started: the rate of this engine's own starts. */
  #held: RedisDelivery[] = []
  #rate: RateWindow | undefined
  #ended: Ended[] = []
  /** Slots that are occupied here. */
  #running = 0
  /** Slots for which jobs are being looked for. */
  #asked = 0
  #steps = 0
  /** There may be jobs to take. */
  #hopes = true
  #pumpIsDue = false
  /** Nothing is taken until it is known what the server believes to be in our hands. */
  #suspended = false
  /** The server has refused something. */
  #isResting = false
  #cancelWake: (() => void) | undefined
  #cancelStart: (() => void) | undefined
  readonly #lacking: LackingJobs
  readonly #aside: AsideDeliveries
  #idle: (() => void) | undefined
  #closed = false

  constructor(ref: QueueRef, deps: RedisLineDeps) {
    this.ref = ref
    this.key = queueKey(ref)
    this.#deps = deps
    this.#lacking = new LackingJobs(this.key, deps)
    this.#aside = new AsideDeliveries(this.key, deps, {
      concurrency: () => this.#settings.concurrency,
      running: () => this.#running,
      released: () => {
        this.#running--
        this.wake()
      },
      taken: () => void this.#running++,
      pumpSoon: this.#pumpSoon,
      wake: () => this.wake(),
      wakeIn: (ms) => this.#wakeIn(ms),
    })
  }

  get isConsumed(): boolean {
    return this.#consumer !== undefined
  }

  get settings(): QueueSettings {
    return this.#settings
  }

  set settings(settings: QueueSettings) {
    this.#settings = settings
    const { rateLimit } = settings
    if (rateLimit === undefined) this.#rate = undefined
    else if (rateLimit.max !== this.#rate?.limit.max || rateLimit.perMs !== this.#rate.limit.perMs) {
      this.#rate = new RateWindow(rateLimit)
    }
    this.wake()
  }

  consume(consumer: Consumer): void {
    if (this.#consumer !== undefined) throw new Error(`The queue ${this.ref.key} is consumed already.`)
    this.#consumer = consumer
    this.wake()
  }

  /** Some job may have come, or some slot be free. */
  wake(): void {
    this.#hopes = true
    this.#aside.hope()
    this.#pumpSoon()
  }

  /** Functions have come: what others have set aside for lack of them is looked at. */
  functionsChanged(): void {
    this.#lacking.forget()
    this.wake()
  }

  /** Another engine has taken it over. */
  left(token: string): void {
    for (const delivery of this.#deliveries) if (delivery.token === token) delivery.end()
  }

  /** The connection is lost. */
  suspend(): void {
    this.#suspended = true
  }

  /** The connection is there again: what the server gave and we never got waits again. */
  async resume(): Promise<void> {
    const { server, engine } = this.#deps
    const tokens = [...this.#deliveries].map(({ token }) => token)
    await server.run('haveBack', [this.key], [engine, 'none', ...tokens])
    for (const delivery of this.#deliveries) if (!delivery.hasSlot) this.#aside.send(delivery)
    this.#suspended = false
    this.wake()
  }

  /** Takes no more; resolves when nothing runs, after `withinMs` at the latest. */
  async stop(withinMs: number): Promise<void> {
    const consumer = this.#consumer
    if (consumer === undefined) return
    this.#consumer = undefined
    this.#cancelWake?.()
    this.#cancelStart?.()
    for (const delivery of this.#held.splice(0)) this.#settle(consumer, delivery, { kind: 'returned' })
    for (const delivery of this.#deliveries) delivery.end()
    this.#aside.forgetWishes()
    await this.#idleWithin(withinMs)
    for (const delivery of [...this.#deliveries]) this.#settle(consumer, delivery, { kind: 'returned' })
    if (this.#deps.server.redis.connected) await this.#idleWithin(RETRY_MS)
    // What could not be told to the server comes back with the end of the lease, or when the connection is there again.
    for (const { delivery, job } of this.#ended.splice(0)) {
      this.#deliveries.delete(delivery)
      consumer.settled?.(job, { kind: 'returned' })
    }
    await this.#wantNothing()
  }

  close(): void {
    this.#closed = true
    this.#cancelWake?.()
    this.#cancelStart?.()
  }

  /** Others need not leave slots to this engine any more. */
  async #wantNothing(): Promise<void> {
    const { server, engine, leaseMs } = this.#deps
    const args = [engine, leaseMs, this.#settings.concurrency, 0, 0, 0, 0, 0]
    if (server.redis.connected) await server.run('work', [this.key], args).catch(() => {})
  }

  readonly #pumpSoon = (): void => {
    if (this.#pumpIsDue || this.#closed) return
    this.#pumpIsDue = true
    setImmediate(this.#pump)
  }

  readonly #pump = (): void => {
    this.#pumpIsDue = false
    if (this.#closed || this.#suspended || this.#isResting || !this.#deps.server.redis.connected) return
    this.#aside.askForSlots()
    for (;;) {
      const wanted = this.#wanted()
      const isFull = this.#ended.length >= MAX_SETTLED || wanted >= MAX_TAKEN
      if (this.#steps >= (isFull ? MAX_STEPS : 1)) return
      if (this.#ended.length === 0 && (wanted === 0 || !this.#hopes)) return
      this.#step(this.#ended.splice(0, MAX_SETTLED), wanted)
    }
  }

  #wanted(): number {
    // Those that were set aside go first.
    if (this.#consumer === undefined || this.#aside.wantsSlots) return 0
    return Math.max(0, Math.min(MAX_TAKEN, this.#settings.concurrency - this.#running - this.#asked))
  }

  #step(ended: readonly Ended[], wanted: number): void {
    const { server, engine, leaseMs, tokens } = this.#deps
    const { concurrency, rateLimit } = this.#settings
    const first = tokens(wanted)
    const rate = [rateLimit?.max ?? 0, rateLimit?.perMs ?? 0]
    const args = [engine, leaseMs, concurrency, wanted, ...rate, first, this.#running + this.#asked]
    for (const each of ended) args.push(...each.args)
    this.#steps++
    this.#asked += wanted
    this.#hopes = false
    server.run('work', [this.key], args).then(
      (reply) => {
        this.#steps--
        this.#asked -= wanted
        this.#worked(ended, wanted, first, reply as WorkReply)
      },
      (error: unknown) => {
        this.#steps--
        this.#asked -= wanted
        this.#failed(ended, error)
      },
    )
  }

  #worked(
    ended: readonly Ended[],
    wanted: number,
    first: number,
    [results, handles, records, states, again, more, lacks]: WorkReply,
  ): void {
    ended.forEach((each, index) => this.#written(each, results[index]!))
    // Their slots are free now, for those of this engine as well.
    if (ended.length > 0) this.#aside.hope()
    const jobs = readJobs(handles, records, states)
    jobs.forEach((stored, index) => this.#receive(stored, `${this.#deps.engine}:${first + index + 1}`))
    if (this.#consumer === undefined) return this.#afterStop()
    this.#adopt(this.#consumer, lacks)
    if (wanted > 0 && (more === 1 || handles.length === wanted)) this.#hopes = true
    else if (wanted > 0) this.#wakeIn(again)
    this.#pumpSoon()
  }

  /** What others lack the functions of, and this engine has, waits for slots here, before all that waits on the server. */
  #adopt(consumer: Consumer, lacks: string): void {
    const { room } = this.#aside
    if (room <= 0) return
    void this.#lacking.look(lacks, room, consumer).then((adopted) => {
      for (const [stored, token] of adopted) {
        const delivery = new RedisDelivery(stored, token, this.#aside)
        this.#deliveries.add(delivery)
        this.#aside.add()
        if (this.#consumer === consumer) void this.#startAdopted(consumer, delivery)
        else this.#end(delivery, consumer, { kind: 'returned' })
      }
    })
  }

  async #startAdopted(consumer: Consumer, delivery: RedisDelivery): Promise<void> {
    if (await delivery.adopt()) this.#start(consumer, delivery)
    else this.#settle(consumer, delivery, { kind: 'returned' })
  }

  #afterStop(): void {
    if (this.#isIdle()) this.#idle?.()
    this.#pumpSoon()
  }

  #failed(ended: readonly Ended[], error: unknown): void {
    this.#hopes = true
    if (error instanceof RedisError && error.failure === 'interrupted') for (const each of ended) each.unsure = true
    this.#ended.unshift(...ended)
    if (!this.#deps.server.redis.connected || this.#isResting) return
    this.#deps.log.error('Redis refuses to give out jobs. It is asked again; until then what is in hand is kept.', {
      queue: this.ref.name,
      error: String(error),
    })
    this.#isResting = true
    this.#deps.clock.after(RETRY_MS, () => {
      this.#isResting = false
      this.#pumpSoon()
    })
  }

  #written({ delivery, consumer, job, how, unsure }: Ended, reply: string): void {
    if (!this.#deliveries.delete(delivery)) return
    // Sent twice, it had an effect the first time.
    const isLost = reply === 'lost' && !unsure
    consumer.settled?.(job, isLost ? { kind: 'lost' } : how(reply))
  }

  #receive(stored: StoredJob, token: string): void {
    const delivery = new RedisDelivery(stored, token, this.#aside)
    this.#deliveries.add(delivery)
    this.#running++
    const consumer = this.#consumer
    if (consumer === undefined)
      return this.#end(delivery, { deliver: async () => ({ kind: 'returned' }) }, { kind: 'returned' })
    this.#held.push(delivery)
    this.#startHeld()
  }

  /** The server counts starts by when it gave out jobs. That two of this engine are not nearer to each other is seen to here. */
  #startHeld(): void {
    const consumer = this.#consumer
    if (consumer === undefined) return
    while (this.#held.length > 0) {
      const waitMs = this.#rate?.waitMs(this.#deps.clock.now()) ?? 0
      if (waitMs > 0) {
        this.#cancelStart?.()
        this.#cancelStart = this.#deps.clock.after(waitMs, () => this.#startHeld())
        return
      }
      this.#start(consumer, this.#held.shift()!)
      // Read again: the handler may have been called a while after the look above.
      this.#rate?.started(this.#deps.clock.now())
    }
  }

  #start(consumer: Consumer, delivery: RedisDelivery): void {
    this.#deps
      .detached(() => consumer.deliver(delivery))
      .then(
        (outcome) => this.#settle(consumer, delivery, outcome),
        (error: unknown) =>
          this.#settle(consumer, delivery, { kind: 'failed', code: 'internal', message: String(error) }),
      )
  }

  #settle(consumer: Consumer, delivery: RedisDelivery, outcome: Outcome): void {
    // After a stop whatever a delivery comes to no longer counts.
    if (!delivery.isOver) this.#end(delivery, consumer, outcome)
  }

  #end(delivery: RedisDelivery, consumer: Consumer, outcome: Outcome): void {
    delivery.isOver = true
    if (delivery.hasSlot) this.#running--
    else this.#aside.remove(delivery)
    const { clock, random } = this.#deps
    const ended = outcomeOf(delivery, outcome, this.#settings, clock.now(), random)
    this.#ended.push({ ...ended, delivery, consumer, unsure: false })
    this.#pumpSoon()
  }

  #wakeIn(ms: number): void {
    this.#cancelWake?.()
    const wait = ms < 0 ? LOOK_MS : Math.min(ms, LOOK_MS, LONGEST_TIMER_MS)
    this.#cancelWake = this.#deps.clock.after(wait, () => this.wake())
  }

  #isIdle(): boolean {
    return this.#deliveries.size === 0 && this.#ended.length === 0 && this.#asked === 0
  }

  #idleWithin(ms: number): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, () => this.#idle?.())
      this.#idle = () => {
        this.#idle = undefined
        cancel()
        resolve()
      }
    })
  }
}
