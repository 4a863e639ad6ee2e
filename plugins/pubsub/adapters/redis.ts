// The adapter `redis` (spec 03 §8.4): a topic is a channel, a message is the JSON of the data and nothing else, so that any
// Redis client can take part. Subscribers of this engine get their events through Redis too, each once.
import { randomUUID } from 'node:crypto'
import { settlesWithin } from '../../../base/time/deadline.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { connectRedis, type RedisConnection } from '../../../kit/redis/redis-connection.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import { isJson } from '../../../base/values/is-json.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { PubSubAdapter, PubSubAdapterContext, PubSubEvent, Receive, Subscription } from './adapter.ts'

export interface RedisAdapterLimits {
  /** How long a subscription may take before it is refused; Redis may be coming back meanwhile. Default 5,000. */
  readonly subscribeMs: number
  /** How long closing waits for the events that Redis has taken and not yet sent back. Default 2,000. */
  readonly flushMs: number
  /** How long it then waits for the server to say goodbye. Default 2,000. */
  readonly closeMs: number
}

const LIMITS: RedisAdapterLimits = { subscribeMs: 5_000, flushMs: 2_000, closeMs: 2_000 }

export async function openRedis(
  { config, log }: PubSubAdapterContext,
  limits?: Partial<RedisAdapterLimits>,
): Promise<PubSubAdapter> {
  const redis = await connectRedis({ ...redisSettings(config, 'iii-pubsub'), log })
  return new RedisAdapter(redis, log, { ...LIMITS, ...limits })
}

class RedisAdapter implements PubSubAdapter {
  readonly #redis: RedisConnection
  readonly #log: PluginLog
  readonly #limits: RedisAdapterLimits
  readonly #dropped: LimitedWarning
  /** Topics whose subscription was in force and is not at the moment. */
  readonly #interrupted = new Set<string>()

  constructor(redis: RedisConnection, log: PluginLog, limits: RedisAdapterLimits) {
    this.#redis = redis
    this.#log = log
    this.#limits = limits
    this.#dropped = new LimitedWarning((message, data) => log.warn(message, data))
  }

  async subscribe(topic: string, receive: Receive): Promise<Subscription> {
    const inForce = Promise.withResolvers<void>()
    const end = await this.#redis.subscribe(topic, {
      message: (json) => this.#receive(topic, json, receive),
      active: () => {
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

  #receive(topic: string, json: string, receive: Receive): void {
    if (!isJson(json)) {
      this.#dropped.warn(`A message in the Redis channel "${topic}" is no JSON and was ignored.`, {
        message: json.slice(0, 100),
      })
      return
    }
    const failed = (error: unknown): void =>
      this.#dropped.warn(`An event of the topic "${topic}" was dropped.`, {
        error: error instanceof Error ? error.message : String(error),
      })
    try {
      receive({ topic, json, origin: {} })?.catch(failed)
    } catch (error) {
      failed(error)
    }
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
