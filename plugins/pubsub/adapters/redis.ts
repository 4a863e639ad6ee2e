// The adapter `redis` (spec 03 §8.4): a topic is a channel, a message is the JSON of the data and nothing else, so that any
// Redis client can take part. Subscribers of this engine get their events through Redis too, each once. Which engine calls a binding
// that several have is decided by claims (`redis-claims.ts`).
import { randomUUID } from 'node:crypto'
import { settlesWithin } from '../../../base/time/deadline.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { connectRedis, type RedisConnection } from '../../../kit/redis/redis-connection.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import { isJson } from '../../../base/values/is-json.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type {
  PubSubAdapter,
  PubSubAdapterContext,
  PubSubEvent,
  Receive,
  SharedBinding,
  Subscription,
} from './adapter.ts'
import { CLAIM_LIMITS, RedisClaims, type ClaimLimits } from './redis-claims.ts'

export interface RedisAdapterLimits extends ClaimLimits {
  /** How long a subscription may take before it is refused; Redis may be coming back meanwhile. Default 5,000. */
  readonly subscribeMs: number
  /** How long closing waits for the events that Redis has taken and not yet sent back. Default 2,000. */
  readonly flushMs: number
  /** How long it then waits for the server to say goodbye. Default 2,000. */
  readonly closeMs: number
}

const LIMITS: RedisAdapterLimits = { ...CLAIM_LIMITS, subscribeMs: 5_000, flushMs: 2_000, closeMs: 2_000 }

export async function openRedis(
  { config, log }: PubSubAdapterContext,
  limits?: Partial<RedisAdapterLimits>,
): Promise<PubSubAdapter> {
  const redis = await connectRedis({ ...redisSettings(config, 'iii-pubsub'), log })
  return new RedisAdapter(redis, {
    log,
    limits: { ...LIMITS, ...limits },
    isShared: config['equal_bindings'] !== 'each',
  })
}

interface RedisAdapterOptions {
  readonly log: PluginLog
  readonly limits: RedisAdapterLimits
  /** Whether an event is for one of the engines on which the same is bound. */
  readonly isShared: boolean
}

/** What is subscribed to one topic. */
interface Subscriber {
  readonly topic: string
  readonly receive: Receive
  readonly bindings: () => readonly SharedBinding[]
  activeSince: number
}

class RedisAdapter implements PubSubAdapter {
  readonly #redis: RedisConnection
  readonly #log: PluginLog
  readonly #limits: RedisAdapterLimits
  readonly #claims: RedisClaims | undefined
  readonly #dropped: LimitedWarning
  readonly #unclaimed: LimitedWarning
  /** Topics whose subscription was in force and is not at the moment. */
  readonly #interrupted = new Set<string>()

  constructor(redis: RedisConnection, { log, limits, isShared }: RedisAdapterOptions) {
    this.#redis = redis
    this.#log = log
    this.#limits = limits
    this.#claims = isShared ? new RedisClaims(redis, limits) : undefined
    this.#dropped = new LimitedWarning((message, data) => log.warn(message, data))
    this.#unclaimed = new LimitedWarning((message, data) => log.warn(message, data), { intervalMs: 60_000 })
  }

  async subscribe(topic: string, receive: Receive, bindings: () => readonly SharedBinding[]): Promise<Subscription> {
    const subscriber: Subscriber = { topic, receive, bindings, activeSince: -Infinity }
    const inForce = Promise.withResolvers<void>()
    const end = await this.#redis.subscribe(topic, {
      message: (json) => this.#receive(subscriber, json),
      active: () => {
        subscriber.activeSince = performance.now()
        inForce.resolve()
        this.#resumed(topic)
      },
      broken: () => this.#broken(topic),
    })
    if (await settlesWithin(inForce.promise, this.#limits.subscribeMs)) {
      return {
        close: async () => {
          this.#interrupted.delete(topic)
          await end()
        },
      }
    }
    await end()
    throw new Error(
      `No subscription to the topic "${topic}" within ${this.#limits.subscribeMs} ms: Redis is not reachable. Subscribe again later.`,
    )
  }

  async publish({ topic, json }: PubSubEvent): Promise<void> {
    await this.#redis.command('PUBLISH', topic, json)
  }

  async close(): Promise<void> {
    await this.#flush()
    await settlesWithin(this.#redis.close(), this.#limits.closeMs)
  }

  /** What Redis has taken comes back before what it takes later: a message of our own tells that all of it has come. */
  async #flush(): Promise<void> {
    if (!this.#redis.connected) return
    const channel = `iii-pubsub::flush::${randomUUID()}`
    const back = Promise.withResolvers<void>()
    const ask = async (): Promise<void> => {
      await this.#redis.subscribe(channel, { message: () => back.resolve() })
      await this.#redis.command('PUBLISH', channel, 'null')
      return back.promise
    }
    // A connection that breaks now loses them, as it does at any other time.
    await settlesWithin(ask(), this.#limits.flushMs)
  }

  #receive(subscriber: Subscriber, json: string): void {
    const { topic } = subscriber
    if (!isJson(json)) {
      this.#dropped.warn(`A message in the Redis channel "${topic}" is no JSON and was ignored.`, {
        message: json.slice(0, 100),
      })
      return
    }
    void this.#deliver(subscriber, json).catch((error: unknown) =>
      this.#dropped.warn(`An event of the topic "${topic}" was dropped.`, {
        error: error instanceof Error ? error.message : String(error),
      }),
    )
  }

  async #deliver({ topic, receive, bindings, activeSince }: Subscriber, json: string): Promise<void> {
    const event: PubSubEvent = { topic, json, origin: {} }
    if (this.#claims === undefined) return receive(event)
    const shared = bindings()
    if (shared.length === 0) return
    const claimed = await this.#claims.claim({ topic, json, bindings: shared, activeSince })
    if (claimed === undefined) {
      this.#unclaimed.warn('Redis refuses to say which engine calls a subscriber: each engine calls its own.', {
        hint: 'Let the user of Redis run scripts on keys that begin with pubsub_claim:, or set `equal_bindings: each`.',
      })
    }
    await receive({ ...event, claimed })
  }

  #broken(topic: string): void {
    if (this.#interrupted.size === 0) {
      this.#log.warn('The subscriptions are interrupted: what is published until Redis is back does not arrive.')
    }
    this.#interrupted.add(topic)
  }

  #resumed(topic: string): void {
    if (this.#interrupted.delete(topic) && this.#interrupted.size === 0) {
      this.#log.info('All subscriptions are in force again.')
    }
  }
}
