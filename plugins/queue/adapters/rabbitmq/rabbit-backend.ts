// Jobs on a RabbitMQ server, which several engines, and those of iii, can share (spec 03 §6.3). What a broker can't do is refused in words.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../../base/time/clock.ts'
import { CodedError } from '../../../../protocol/errors.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { DeadLetter, Job, NewJob } from '../../job.ts'
import { payloadMember } from '../../payload-member.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../settings.ts'
import {
  subscriptionQueue,
  type Backend,
  type BackendState,
  type Consumer,
  type Consumption,
  type DeadLetterChoice,
  type DeadLetterPage,
  type JobFor,
  type Page,
  type PublishedMessage,
  type QueueRef,
  type QueueStats,
  type RememberedSubscription,
  type Stored,
  type Subscription,
} from '../backend.ts'
import { NAMED_FORM, withHeader } from './job-message.ts'
import { KeyedJobs, type KeyedJobsDeps } from './keyed-jobs.ts'
import { MAX_KEYED_TOPICS, RABBIT_LIMITS, type RabbitLimits } from './limits.ts'
import { boundQueue, namesOf, topicExchange, topicKeyNames } from './names.ts'
import { Presence } from './presence.ts'
import { Publisher } from './publisher.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { RabbitQueue } from './rabbit-queue.ts'
import type { RabbitSettings } from './rabbit-settings.ts'
import { Replies } from './replies.ts'
import { TIMED } from './subscription-binding.ts'
import { TopicBacklog } from './topic-backlog.ts'
import { TopicExchanges } from './topic-exchanges.ts'
import { TOPIC_FORM } from './topic-message.ts'

export interface RabbitBackendDeps {
  readonly connection: RabbitConnection
  readonly settings: RabbitSettings
  readonly log: Pick<PluginLog, 'warn'>
  readonly clock: Clock
  /** Default: those of the adapter. */
  readonly limits?: RabbitLimits
}

/** What the broker takes for the time of a message. */
const LONGEST_DELAY_MS = 2 ** 32 - 1
/** How long an engine may go on consuming after it has left. */
const LEAVING_MS = 1_000
const EMPTY_STATS: QueueStats = { waiting: 0, active: 0, delayed: 0, dead: 0, paused: false }

export class RabbitBackend implements Backend {
  readonly brokerType = 'rabbitmq'
  readonly #deps: RabbitBackendDeps
  readonly #limits: RabbitLimits
  readonly #publisher: Publisher
  readonly #backlog: TopicBacklog
  readonly #exchanges: TopicExchanges
  readonly #presence: Presence
  readonly #keyedDeps: KeyedJobsDeps
  /** By topic, where something was published with a deduplication key. */
  readonly #keyedTopics = new Map<string, KeyedJobs>()
  readonly #detached = AsyncLocalStorage.snapshot()
  readonly #queues = new Map<string, RabbitQueue>()
  /** By the key of their queue. */
  readonly #subscriptions = new Map<string, RememberedSubscription>()

  constructor(deps: RabbitBackendDeps) {
    this.#deps = deps
    this.#limits = deps.limits ?? RABBIT_LIMITS
    this.#publisher = new Publisher(deps.connection, this.#limits)
    this.#exchanges = new TopicExchanges(deps.connection)
    const replies = new Replies(deps.connection, deps.clock)
    this.#keyedDeps = { ...deps, publisher: this.#publisher, replies }
    this.#presence = new Presence(deps)
    this.#backlog = new TopicBacklog(deps.connection, this.#publisher)
  }

  get state(): BackendState {
    return this.#deps.connection.state
  }

  async declare(ref: QueueRef, settings: QueueSettings): Promise<void> {
    const subscription = this.#subscriptions.get(keyOf(ref))
    await this.#ensure(ref, subscription, settings)
  }

  async retire(ref: QueueRef): Promise<void> {
    const queue = this.#find(ref)
    if (queue !== undefined) queue.isDeclared = false
  }

  async queues(): Promise<QueueRef[]> {
    const found: QueueRef[] = []
    for (const queue of this.#queues.values()) {
      if (queue.isDeclared || !(await queue.isEmpty())) found.push(queue.ref)
    }
    return found
  }

  async enqueue(jobs: readonly JobFor[]): Promise<Stored[]> {
    const byQueue = new Map<RabbitQueue, NewJob[]>()
    const keyed = new Map<NewJob, Promise<Stored>>()
    for (const { queue: ref, job } of jobs) {
      const queue = this.#get(ref)
      if (job.dedup !== undefined) keyed.set(job, queue.addKeyed(job))
      else byQueue.set(queue, [...(byQueue.get(queue) ?? []), job])
    }
    await Promise.all([...[...byQueue].map(([queue, those]) => queue.add(those)), ...keyed.values()])
    return Promise.all(jobs.map(async ({ job }) => (await keyed.get(job)) ?? { stored: true, id: job.id }))
  }

  async consume(ref: QueueRef, consumer: Consumer): Promise<Consumption> {
    const queue = this.#get(ref)
    const consumption = await queue.consume(consumer)
    return {
      stop: async (withinMs) => {
        await this.#presence.leave(boundQueue(queue.names))
        await consumption.stop(withinMs)
      },
    }
  }

  async setPaused(ref: QueueRef, paused: boolean): Promise<void> {
    await this.#get(ref).setPaused(paused)
  }

  async subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef> {
    if (settings.delayMs > LONGEST_DELAY_MS)
      throw unsupported(`delay what is published by more than ${LONGEST_DELAY_MS / 1_000} s`, 'delaySeconds')
    const ref = subscriptionQueue(subscription)
    const queue = await this.#ensure(ref, subscription, settings)
    const { topic } = subscription
    // Before it is bound: whoever ends the subscription meanwhile sees that it is in use.
    await this.#presence.enter(boundQueue(queue.names), () => queue.bind())
    // What is published from now on goes behind what was there before.
    await this.#backlog.moveTo(topic, queue.names.toMain)
    await queue.bind()
    await this.#backlog.moveTo(topic, queue.names.toMain)
    this.#subscriptions.set(keyOf(ref), { ...subscription, queue: ref })
    return ref
  }

  async unsubscribe(subscription: Subscription): Promise<boolean> {
    const ref = subscriptionQueue(subscription)
    const queue = this.#find(ref)
    this.#subscriptions.delete(keyOf(ref))
    if (queue === undefined) return true
    queue.isDeclared = false
    const bound = boundQueue(queue.names)
    await this.#presence.leave(bound)
    if ((await this.#presence.hasOthers(bound)) || (await this.#isConsumedElsewhere(queue))) return false
    await queue.unbind()
    return true
  }

  /** Engines of iii consume the queue and nothing else; one of ours that has just left may still do so. */
  async #isConsumedElsewhere(queue: RabbitQueue): Promise<boolean> {
    const deadline = this.#deps.clock.now() + LEAVING_MS
    while (await queue.hasOtherConsumers()) {
      if (this.#deps.clock.now() >= deadline) return true
      await new Promise<void>((resolve) => void this.#deps.clock.after(LEAVING_MS / 20, resolve))
    }
    return false
  }

  async subscriptions(topic?: string): Promise<RememberedSubscription[]> {
    const all = [...this.#subscriptions.values()]
    return topic === undefined ? all : all.filter((subscription) => subscription.topic === topic)
  }

  async publish(topic: string, message: PublishedMessage): Promise<number> {
    if (message.dedup === undefined) return this.#publish(topic, message)
    let keyed = this.#keyedTopics.get(topic)
    if (keyed === undefined) {
      if (this.#keyedTopics.size >= MAX_KEYED_TOPICS) throw tooManyTopics()
      keyed = new KeyedJobs(topic, topicKeyNames(topic), (job) => this.#publish(topic, job), this.#keyedDeps)
      this.#keyedTopics.set(topic, keyed)
    }
    return (await keyed.add({ ...message, id: randomUUID(), functionId: '' })).copies
  }

  async #publish(topic: string, message: PublishedMessage): Promise<number> {
    const job: Job = {
      ...message,
      id: randomUUID(),
      functionId: '',
      priority: message.priority ?? this.#priorityOf(message.data),
      attempts: 0,
      createdAt: this.#deps.clock.now(),
      history: [],
    }
    const encoded = TOPIC_FORM.encode(topicRef(topic), job, this.#deps.settings.topicAttempts)
    const outgoing = message.runAt === undefined ? encoded : withHeader(encoded, TIMED, '1')
    const exchange = topicExchange(topic)
    await this.#exchanges.declare(exchange)
    if (await this.#publisher.publish({ exchange, routingKey: '' }, outgoing)) {
      // Others' queues are not known here.
      return Math.max(1, (await this.subscriptions(topic)).length)
    }
    await this.#backlog.add(topic, outgoing)
    return 1
  }

  async topics(): Promise<string[]> {
    return [...new Set([...[...this.#subscriptions.values()].map(({ topic }) => topic), ...this.#backlog.topics])]
  }

  backlog(topic: string): Promise<number> {
    return this.#backlog.count(topic)
  }

  /** Whoever takes messages to look at them would hide them from a subscriber that comes meanwhile. */
  async peekBacklog(): Promise<Job[]> {
    throw unsupported('look at messages that nobody has subscribed to', 'peek')
  }

  async stats(ref: QueueRef): Promise<QueueStats> {
    return this.#find(ref)?.stats() ?? EMPTY_STATS
  }

  async peek(ref: QueueRef, { offset, limit }: Page): Promise<Job[]> {
    const { maxScanned } = this.#limits
    if (offset + limit > maxScanned) throw unsupported(`look at more than the first ${maxScanned} jobs`, 'peek')
    return this.#find(ref)?.peek(offset, limit) ?? []
  }

  async delayed(ref: QueueRef, page: Page): Promise<Job[]> {
    return this.#find(ref)?.delayed(page) ?? []
  }

  async deadLetters(ref: QueueRef, page: DeadLetterPage): Promise<DeadLetter[]> {
    return this.#find(ref)?.deadLetters.list(page) ?? []
  }

  async deadLetter(ref: QueueRef, id: string): Promise<DeadLetter | undefined> {
    return this.#find(ref)?.deadLetters.find(id)
  }

  async redrive(ref: QueueRef, which: DeadLetterChoice): Promise<number> {
    return this.#find(ref)?.deadLetters.redrive(which) ?? 0
  }

  async discard(ref: QueueRef, which: DeadLetterChoice): Promise<number> {
    return this.#find(ref)?.deadLetters.discard(which) ?? 0
  }

  async close(withinMs: number, onStopped?: () => void): Promise<void> {
    const parts = [...this.#queues.values()].map((queue) => queue.stop(withinMs))
    await Promise.all([...parts, ...[...this.#keyedTopics.values()].map((keyed) => keyed.close())])
    onStopped?.()
    await this.#deps.connection.close()
  }

  async #ensure(
    ref: QueueRef,
    subscription: Subscription | undefined,
    settings: QueueSettings = QUEUE_DEFAULTS,
  ): Promise<RabbitQueue> {
    refuseUnsupported(ref, settings)
    const known = this.#find(ref)
    if (known !== undefined) {
      await known.configure(settings)
      return known
    }
    const { connection, clock, log } = this.#deps
    const queue = new RabbitQueue({
      ref,
      subscription,
      names: namesOf(ref, subscription),
      form: subscription === undefined ? NAMED_FORM : TOPIC_FORM,
      settings,
      connection,
      publisher: this.#publisher,
      replies: this.#keyedDeps.replies,
      clock,
      log,
      limits: this.#limits,
      detached: this.#detached,
    })
    await queue.declare()
    this.#refuseTaken(queue)
    this.#queues.set(keyOf(ref), queue)
    return queue
  }

  /** In iii's names topic `a` with the function `b.c` is topic `a.b` with `c`: both would take each other's messages. */
  #refuseTaken({ ref, names }: RabbitQueue): void {
    for (const other of this.#queues.values()) {
      if (other.names.main !== names.main) continue
      throw new CodedError(
        'unsupported',
        `A subscription of '${ref.name}' has the same queue on RabbitMQ as one of '${other.ref.name}': ${names.main}. Rename the function or the topic.`,
      )
    }
  }

  #priorityOf(data: string): number {
    const { priorityField } = this.#deps.settings
    const value = priorityField === undefined ? undefined : payloadMember(data, priorityField)
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0
  }

  #find(ref: QueueRef): RabbitQueue | undefined {
    return this.#queues.get(keyOf(ref))
  }

  #get(ref: QueueRef): RabbitQueue {
    const queue = this.#find(ref)
    if (queue === undefined) throw new Error(`The queue ${ref.key} was not declared.`)
    return queue
  }
}

function topicRef(topic: string): QueueRef {
  return { kind: 'subscription', key: topic, name: topic }
}

function keyOf({ kind, key }: QueueRef): string {
  return `${kind} ${key}`
}

function refuseUnsupported({ name }: QueueRef, { maxBytes }: QueueSettings): void {
  if (maxBytes !== undefined) throw unsupported(`tell the bytes of its queues: the queue ${name} has`, 'max_bytes')
}

function tooManyTopics(): CodedError {
  return new CodedError(
    'overloaded',
    `Messages with deduplication keys were published to ${MAX_KEYED_TOPICS} topics, which is the limit of an engine. Nothing was stored. Publish this one without a key, or use fewer topics.`,
  )
}

function unsupported(what: string, member: string): CodedError {
  return new CodedError(
    'unsupported',
    `The adapter rabbitmq can't ${what} (${member}). Leave it out, or keep the jobs with the adapter builtin or redis.`,
  )
}
