// One queue of the broker: what stands in it, who consumes it, and its dead letters.
import { CodedError } from '../../../../protocol/errors.ts'
import type { Job, NewJob } from '../../job.ts'
import type { QueueSettings } from '../../settings.ts'
import type { Consumer, Consumption, Page, QueueRef, QueueStats, Stored, Subscription } from '../backend.ts'
import { DeadLetterQueue } from './dead-letter-queue.ts'
import { DelayedJobs } from './delayed-jobs.ts'
import type { MessageForm } from './job-message.ts'
import { JobStore } from './job-store.ts'
import { KeyedJobs } from './keyed-jobs.ts'
import { keyNames, pausedQueue, type QueueNames } from './names.ts'
import type { Publisher } from './publisher.ts'
import { giveAllBack } from './rabbit-connection.ts'
import { RabbitLine, type LineDeps } from './rabbit-line.ts'
import type { Replies } from './replies.ts'
import { SubscriptionBinding } from './subscription-binding.ts'
import { probe } from './topology.ts'

export interface RabbitQueueDeps extends LineDeps {
  readonly ref: QueueRef
  readonly subscription: Subscription | undefined
  readonly names: QueueNames
  readonly form: MessageForm
  readonly settings: QueueSettings
  readonly publisher: Publisher
  readonly replies: Replies
}

export class RabbitQueue {
  readonly ref: QueueRef
  readonly names: QueueNames
  readonly deadLetters: DeadLetterQueue
  readonly #delayed: DelayedJobs
  readonly #keyed: KeyedJobs
  /** Of a subscription. */
  readonly #binding: SubscriptionBinding | undefined
  isDeclared = true
  readonly #deps: RabbitQueueDeps
  readonly #store: JobStore
  readonly #line: RabbitLine
  #isPaused = false
  #adding: Promise<unknown> = Promise.resolve()

  constructor(deps: RabbitQueueDeps) {
    this.#deps = deps
    this.ref = deps.ref
    this.names = deps.names
    this.#store = new JobStore(deps.ref, deps.names, deps.form, deps.settings, deps)
    this.deadLetters = new DeadLetterQueue(deps.connection, this.#store, deps.limits.maxScanned)
    this.#line = new RabbitLine(this.#store, this.deadLetters, deps.subscription, deps)
    this.#keyed = new KeyedJobs(deps.ref.name, keyNames(deps.names), (job) => this.#addOne(job), deps)
    this.#binding = deps.subscription && new SubscriptionBinding(deps.names, deps)
    this.#delayed = new DelayedJobs({
      connection: deps.connection,
      store: this.#store,
      delays: async () => this.#binding?.delays() ?? [],
      maxScanned: deps.limits.maxScanned,
      now: () => deps.clock.now(),
    })
  }

  declare(): Promise<void> {
    return this.#store.declare()
  }

  /** The settings that were stay where the broker refuses the new ones. */
  async configure(settings: QueueSettings): Promise<void> {
    const before = this.#store.settings
    this.#store.settings = settings
    try {
      await this.#store.declare()
    } finally {
      this.#store.settings = before
    }
    this.isDeclared = true
    this.#line.configure(settings)
  }

  /** In their order; resolves when all are stored. */
  async add(jobs: readonly NewJob[]): Promise<void> {
    if (this.#store.settings.maxJobs === undefined) return this.#addNow(jobs)
    // Counted on the broker, which a number of callers at once would do before any of them has stored something.
    const add = async (): Promise<void> => {
      await this.#refuseWhenFull(jobs.length)
      await this.#addNow(jobs)
    }
    const next = this.#adding.then(add, add)
    this.#adding = next.catch(() => {})
    return next
  }

  /** One with a deduplication key. */
  async addKeyed(job: NewJob): Promise<Stored> {
    const { id, copies } = await this.#keyed.add(job)
    return { stored: copies > 0, id }
  }

  async consume(consumer: Consumer): Promise<Consumption> {
    this.#isPaused = await this.#isMarkedPaused()
    this.#line.pause(this.#isPaused)
    return this.#line.consume(consumer)
  }

  /** The mark is a queue of its own: it outlives this engine, and others find it when they begin to consume. */
  async setPaused(isPaused: boolean): Promise<void> {
    const mark = pausedQueue(this.names)
    await this.#deps.connection.borrow(async (channel) => {
      if (isPaused) await channel.assertQueue(mark, { durable: true })
      else await channel.deleteQueue(mark)
    })
    this.#isPaused = isPaused
    this.#line.pause(isPaused)
  }

  async stats(): Promise<QueueStats> {
    const { waiting, active, delayed } = this.#line.inHand
    const [onBroker, delayedThere, dead] = await Promise.all([
      probe(this.#deps.connection, this.names.main),
      this.#delayed.count(),
      this.deadLetters.count(),
    ])
    return {
      waiting: (onBroker?.messages ?? 0) + waiting,
      active,
      delayed: delayedThere + delayed,
      dead,
      paused: this.#isPaused,
    }
  }

  async isEmpty(): Promise<boolean> {
    const { waiting, active, delayed, dead } = await this.stats()
    return waiting + active + delayed + dead === 0
  }

  /** Taken without an acknowledgement, and put back in their places. */
  peek(offset: number, limit: number): Promise<Job[]> {
    return this.#deps.connection.borrow(async (channel) => {
      const jobs: Job[] = []
      for (let index = 0; index < offset + limit; index++) {
        const message = await channel.get(this.names.main)
        if (message === false) break
        const job = index < offset ? undefined : this.#store.form.decode(message)
        if (job !== undefined) jobs.push(job)
      }
      await giveAllBack(channel, this.names.main)
      return jobs
    })
  }

  delayed(page: Page): Promise<Job[]> {
    return this.#delayed.list(page, this.#line.timed)
  }

  /** Of a subscription: it gets copies of what is published, after its delay. */
  async bind(): Promise<void> {
    await this.#binding?.bind(this.#store.settings.delayMs)
  }

  async unbind(): Promise<void> {
    if ((await probe(this.#deps.connection, this.names.main)) === undefined) return
    await this.#binding?.unbind()
  }

  /** Whether other engines take its jobs, too. */
  hasOtherConsumers(): Promise<boolean> {
    return this.#line.hasOtherConsumers()
  }

  async stop(withinMs: number): Promise<void> {
    await Promise.all([this.#line.stop(withinMs), this.#keyed.close()])
  }

  async #addOne(job: NewJob): Promise<number> {
    await this.add([job])
    return 1
  }

  async #addNow(jobs: readonly NewJob[]): Promise<void> {
    await Promise.all(jobs.map((job) => this.#store.add(job)))
  }

  async #refuseWhenFull(more: number): Promise<void> {
    const { maxJobs = Infinity } = this.#store.settings
    const { waiting, active, delayed, dead } = await this.stats()
    const jobs = waiting + active + delayed + dead
    if (jobs + more <= maxJobs) return
    throw new CodedError(
      'queue_full',
      `The queue ${this.ref.name} is full: it holds ${jobs} jobs, max_jobs allows ${maxJobs}. Nothing was stored. Have its jobs run, redrive or discard its dead letters, or raise the limit.`,
    )
  }

  async #isMarkedPaused(): Promise<boolean> {
    return (await probe(this.#deps.connection, pausedQueue(this.names))) !== undefined
  }
}
