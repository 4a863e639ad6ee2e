// Two whole engines whose queues are on one Redis.
import { expect, onTestFinished, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { connectSdk, failureOf, V22 } from '../../clients/versions.ts'
import { startQueueEngine } from './queue-engine.ts'

test.skipIf(lacks('redis-server'))(
  'what is enqueued at one engine is delivered by the other, with the queue that is always there (needs redis-server)',
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const adapter = `{ adapter: { name: redis, config: { redis_url: "${redis.url}" } }`
    const publishing = await startQueueEngine(
      `${adapter}, queue_configs: { default: { rate_limit: { max: 1, per_ms: 3600000 } } } }`,
    )
    onTestFinished(() => publishing.close())
    const publisher = connectSdk(V22, publishing.engine.url)
    const got = new Collector<unknown>()
    const enqueue = (payload: unknown) =>
      publisher.trigger({ function_id: 'work', payload, action: { type: 'enqueue', queue: 'default' } })
    const here = publisher.registerFunction('work', got.add)
    await enqueue('first')
    expect(await got.take(1)).toEqual(['first'])
    // Its rate lets this engine take no more.
    expect(await enqueue({ n: 2 })).toEqual({ messageReceiptId: expect.any(String) })
    // Else it would take over what the other one has no function for.
    here.unregister()

    const consuming = await startQueueEngine(`${adapter} }`)
    onTestFinished(() => consuming.close())
    const consumer = connectSdk(V22, consuming.engine.url)
    const taken = new Collector<unknown>()
    consumer.registerFunction('work', taken.add)
    expect(await taken.take(1, 10_000)).toEqual([{ n: 2 }])
  },
)

test.skipIf(lacks('redis-server'))(
  'an engine whose Redis is not there does not fall back to another store (needs redis-server)',
  async () => {
    const redis = await startRedis()
    await redis.stop()
    const config = `{ adapter: { name: redis, config: { redis_url: "${redis.url}" } } }`
    const error = await failureOf(startQueueEngine(config).then(({ close }) => close()))
    expect(error.message).toMatch(/adapter\.config\.redis_url of iii-queue/)
  },
)
