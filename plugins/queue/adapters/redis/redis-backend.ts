// The backend of several engines: jobs on a Redis server that they share. What has to hold over all of them (order, slots, rates, groups, leases) is
// decided by scripts on the server; this engine knows what it has in hand (`redis-line.ts`).
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { systemClock, type Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { DeadLetter, Job } from '../../job.ts'
import type { QueueSettings } from '../../settings.ts'
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
import { EngineLease } from './engine-lease.ts'
import { EnqueueTurns, fullError } from './enqueue-turns.ts'
import { commonText, handleSuffix, targetText } from './job-record.ts'
import { deadLetter, deadLetters, discard, jobsOf, redrive, statsOf } from './queue-view.ts'
import {
  backlogKey,
  endedWith,
  keyText,
  queueKey,
  readRegistry,
  readSubscription,
  REGISTRY,
  registryText,
  SUBSCRIPTIONS,
  subscriptionText,
  topicKey,
  TOPICS,
  WAKE_CHANNEL,
  LEFT,
  type Registered,
} from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'
import { RedisLine } from './redis-line.ts'
import { channelText, TopicChannels } from './topic-channels.ts'

export interface RedisBackendOptions {
  readonly server: QueueServer
  readonly log: Pick<PluginLog, 'info' | 'warn' | 'error'>
  /** How long this engine is taken for alive after it has said so. */
  readonly leaseMs: number
  /** Whether topics are shared with iii engines. */
  readonly sharesChannels: boolean
  readonly onStateChange?: ((state: BackendState) => void) | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

/** Topics of which the number of copies is remembered. */
const MAX_COUNTED_TOPICS = 10_000

export class RedisBackend implements Backend {
  readonly brokerType = 'redis'
  /** What the others know this engine by. */
  readonly engine: string = randomUUID()
  readonly #options: RedisBackendOptions
  readonly #server: QueueServer
  readonly #clock: Clock
  readonly #lines = new Map<string, RedisLine>()
  /** By the beginning of their keys. */
  readonly #woken = new Map<string, RedisLine>()
  readonly #turns: EnqueueTurns
  readonly #lease: EngineLease
  readonly #channels: TopicChannels | undefined
  /** Those that somebody is bound to here, by the name of their queue. */
  readonly #bound = new Map<string, Subscription>()
  /** Copies that the last message of a topic had. */
  readonly #copies = new Map<string, number>()
  readonly #detached = AsyncLocalStorage.snapshot()
  #tokens = 0
  #state: BackendState = 'connected'

  constructor(options: RedisBackendOptions) {
    this.#options = options
    const { server, log, leaseMs, clock = systemClock } = options
    this.#server = server
    this.#clock = clock
    this.#turns = new EnqueueTurns(server, () => clock.now())
    this.#channels = options.sharesChannels
      ? new TopicChannels({ server, log, store: (topic, message) => this.#publish(topic, message, '') })
      : undefined
    this.#lease = new EngineLease({
      server,
      engine: this.engine,
      leaseMs,
      clock,
      log,
      onReturn: () => void this.#declareAgain(),
      onListener: (isListener) => this.#channels?.listen(isListener),
    })
  }

  get state(): BackendState {
    return this.#state
  }

  async open(): Promise<this> {
    await this.#server.redis.subscribe(WAKE_CHANNEL, {
      message: (text) => this.#told(text),
      // What was said meanwhile may be missing.
      active: () => this.#wakeAll(),
    })
    await this.#lease.open()
    return this
  }

  /** Told by the connection. */
  connectionChanged(connected: boolean): void {
    if (connected) return void this.#resume()
    for (const line of this.#lines.values()) line.suspend()
    this.#setState('reconnecting')
  }

  async declare(queue: QueueRef, settings: QueueSettings): Promise<void> {
    const line = this.#lineOf(queue)
    await this.#declare(line, settings)
    this.#lines.set(nameOf(queue), line)
    this.#woken.set(keyText(line.key), line)
    line.settings = settings
  }

  async retire(queue: QueueRef): Promise<void> {
    const line = this.#lines.get(nameOf(queue))
    await this.#server.run('retire', [queueKey(queue)], [this.engine])
    this.#lines.delete(nameOf(queue))
    if (line !== undefined) this.#woken.delete(keyText(line.key))
    line?.close()
  }

  async queues(): Promise<QueueRef[]> {
    const found = new Map([...this.#lines].map(([name, { ref }]) => [name, ref]))
    for (const [entry, jobs] of await this.#registered()) {
      if (entry.kind === 'queue' && jobs > 0) found.set(nameOf(entry.ref), entry.ref)
    }
    return [...found.values()]
  }

  async enqueue(jobs: readonly JobFor[]): Promise<Stored[]> {
    let alone = false
    const entries = jobs.map(({ queue, job }) => {
      const line = this.#lines.get(nameOf(queue))
      if (line === undefined) throw new Error(`The queue ${queue.key} was not declared.`)
      const { maxJobs, maxBytes } = line.settings
      alone ||= maxJobs !== undefined || maxBytes !== undefined
      return { key: line.key, job, queue: queue.name }
    })
    return this.#turns.run(entries, alone)
  }

  async consume(queue: QueueRef, consumer: Consumer): Promise<Consumption> {
    const line = this.#lines.get(nameOf(queue))
    if (line === undefined) throw new Error(`The queue ${queue.key} was not declared.`)
    line.consume(consumer)
    return {
      stop: async (withinMs) => {
        await this.#unbind(queue)
        await line.stop(withinMs)
      },
    }
  }

  functionsChanged(): void {
    for (const line of this.#lines.values()) line.functionsChanged()
  }

  async setPaused(queue: QueueRef, paused: boolean): Promise<void> {
    await this.#server.run('pause', [queueKey(queue)], [paused ? 1 : 0])
  }

  async subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef> {
    const queue = subscriptionQueue(subscription)
    this.#bound.set(nameOf(queue), subscription)
    try {
      await this.declare(queue, settings)
      await this.#subscribe(subscription)
    } catch (error) {
      this.#bound.delete(nameOf(queue))
      throw error
    }
    return queue
  }

  async #subscribe(subscription: Subscription): Promise<void> {
    const queue = subscriptionQueue(subscription)
    const keys = [queueKey(queue), backlogKey(subscription.topic), topicKey(subscription.topic)]
    const said = [targetText(subscription), subscriptionText(subscription)]
    let more = await this.#server.run('subscribe', keys, [...said, 0])
    while (more === 1) more = await this.#server.run('subscribe', keys, [...said, 1])
  }

  async unsubscribe(subscription: Subscription): Promise<boolean> {
    const queue = subscriptionQueue(subscription)
    this.#bound.delete(nameOf(queue))
    const keys = [queueKey(queue), topicKey(subscription.topic)]
    const isEnded = (await this.#server.run('unsubscribe', keys, [this.engine])) === 1
    await this.retire(queue)
    return isEnded
  }

  /** Nobody is bound here any more; the subscription stays. */
  async #unbind(queue: QueueRef): Promise<void> {
    if (!this.#bound.delete(nameOf(queue)) || !this.#server.redis.connected) return
    // Else the end of the lease says so.
    await this.#server.run('unbind', [queueKey(queue)], [this.engine]).catch(() => {})
  }

  async subscriptions(topic?: string): Promise<RememberedSubscription[]> {
    const all = (await this.#server.hashAll(SUBSCRIPTIONS)).map(([, text]) => readSubscription(text))
    return topic === undefined ? all : all.filter((subscription) => subscription.topic === topic)
  }

  publish(topic: string, message: PublishedMessage): Promise<number> {
    return this.#publish(topic, message, this.#channels === undefined ? '' : topic)
  }

  async topics(): Promise<string[]> {
    const topics = new Set((await this.subscriptions()).map(({ topic }) => topic))
    for (const [entry, jobs] of await this.#registered()) {
      if (entry.kind === 'backlog' && jobs > 0) topics.add(entry.topic)
    }
    return [...topics]
  }

  async backlog(topic: string): Promise<number> {
    return this.#jobsIn(backlogKey(topic))
  }

  peekBacklog(topic: string, page: Page): Promise<Job[]> {
    return jobsOf(this.#server, backlogKey(topic), 'waiting', page)
  }

  stats(queue: QueueRef): Promise<QueueStats> {
    return statsOf(this.#server, queue)
  }

  peek(queue: QueueRef, page: Page): Promise<Job[]> {
    return jobsOf(this.#server, queueKey(queue), 'waiting', page)
  }

  delayed(queue: QueueRef, page: Page): Promise<Job[]> {
    return jobsOf(this.#server, queueKey(queue), 'delayed', page)
  }

  deadLetters(queue: QueueRef, page: DeadLetterPage): Promise<DeadLetter[]> {
    return deadLetters(this.#server, queue, page)
  }

  deadLetter(queue: QueueRef, id: string): Promise<DeadLetter | undefined> {
    return deadLetter(this.#server, queue, id)
  }

  redrive(queue: QueueRef, which: DeadLetterChoice): Promise<number> {
    return redrive(this.#server, queue, which)
  }

  discard(queue: QueueRef, which: DeadLetterChoice): Promise<number> {
    return discard(this.#server, queue, which)
  }

  async close(withinMs: number, onStopped?: () => void): Promise<void> {
    const lines = [...this.#lines.values()]
    await Promise.all(lines.map((line) => line.stop(withinMs)))
    onStopped?.()
    for (const line of lines) line.close()
    await this.#lease.close()
    await this.#server.redis.close()
  }

  async #publish(topic: string, message: PublishedMessage, channel: string): Promise<number> {
    const { priority, dedup, data, runAt } = message
    const common = commonText(message, this.#clock.now())
    const args = [
      handleSuffix({ priority }),
      runAt ?? '',
      dedup?.windowMs ?? '',
      dedup === undefined ? '' : JSON.stringify(dedup.key),
      common,
      data,
      Buffer.byteLength(data),
      registryText({ topic }),
      channel,
      channel === '' ? '' : channelText(message),
    ]
    for (;;) {
      const ids = Array.from({ length: this.#copies.get(topic) ?? 1 }, () => `"${randomUUID()}"`)
      const reply = await this.#server.run('publish', [topicKey(topic), backlogKey(topic)], [...args, ...ids])
      if (Array.isArray(reply)) throw fullError(topic, reply as Parameters<typeof fullError>[1])
      const count = reply as number
      if (count >= 0) return count
      if (this.#copies.size >= MAX_COUNTED_TOPICS) this.#copies.clear()
      this.#copies.set(topic, -count)
    }
  }

  async #declare({ ref, key }: RedisLine, { type, maxJobs, maxBytes, delayMs }: QueueSettings): Promise<void> {
    const limits = [maxJobs ?? '', maxBytes ?? '']
    const isBound = this.#bound.has(nameOf(ref)) ? 1 : 0
    await this.#server.run('declare', [key], [this.engine, type, ...limits, registryText(ref), delayMs, isBound])
  }

  #lineOf(queue: QueueRef): RedisLine {
    return (
      this.#lines.get(nameOf(queue)) ??
      new RedisLine(queue, {
        server: this.#server,
        engine: this.engine,
        leaseMs: this.#options.leaseMs,
        clock: this.#clock,
        random: this.#options.random ?? Math.random,
        log: this.#options.log,
        detached: this.#detached,
        tokens: (count) => (this.#tokens += count) - count,
      })
    )
  }

  /** What the registry has, each with the number of jobs stored. */
  async #registered(): Promise<[Registered, jobs: number][]> {
    const entries = await this.#server.hashAll(REGISTRY)
    return Promise.all(
      entries.map(async ([key, text]): Promise<[Registered, number]> => [readRegistry(text), await this.#jobsIn(key)]),
    )
  }

  async #jobsIn(key: string | Buffer): Promise<number> {
    return Number(await this.#server.redis.command('HLEN', endedWith(key, ':jobs')))
  }

  async #resume(): Promise<void> {
    try {
      await this.#lease.resume()
      await this.#declareAgain()
      await Promise.all([...this.#lines.values()].map((line) => line.resume()))
      this.#channels?.refresh()
      this.#setState('connected')
    } catch (error) {
      // Lost again: the next connection is told of as well.
      if (!this.#server.redis.connected) return
      this.#options.log.warn('Redis is connected and does not do what is needed to go on; trying again.', {
        error: String(error),
      })
      this.#clock.after(1_000, () => void this.#resume())
    }
  }

  /** The server may have been emptied, set back, or have taken this engine for dead. */
  async #declareAgain(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => this.#declare(line, line.settings)))
    await Promise.all([...this.#bound.values()].map((subscription) => this.#subscribe(subscription)))
  }

  #told(text: string): void {
    if (text === TOPICS) return this.#channels?.refresh()
    if (!text.startsWith(LEFT)) return this.#woken.get(text)?.wake()
    const token = text.slice(LEFT.length)
    if (token.startsWith(`${this.engine}:`)) for (const line of this.#lines.values()) line.left(token)
  }

  #wakeAll(): void {
    for (const line of this.#lines.values()) line.wake()
  }

  #setState(state: BackendState): void {
    if (state === this.#state) return
    this.#state = state
    this.#options.onStateChange?.(state)
  }
}

function nameOf({ kind, key }: QueueRef): string {
  return `${kind} ${key}`
}
