// The adapter redis, with the real server: the cases of every adapter, and what Redis adds, its absence included.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { PubSubAdapter } from '../../../plugins/pubsub/adapters/adapter.ts'
import { openRedis, type RedisAdapterLimits } from '../../../plugins/pubsub/adapters/redis.ts'
import { CLAIM_LIMITS } from '../../../plugins/pubsub/adapters/redis-claims.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector, within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { pubsubCases } from './pubsub-cases.ts'
import { barrier, collect, freshTopic, publish } from './pubsub-run.ts'
import { runPubSubPlugin, type RunningPubSub } from './run-plugin.ts'

describe.skipIf(lacks('redis-server'))('needs redis-server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  const adapterOf = ({ url }: RedisServer) => ({ adapter: { name: 'redis', config: { redis_url: url } } })

  async function open(server = redis): Promise<RunningPubSub> {
    const run = await runPubSubPlugin(adapterOf(server))
    onTestFinished(() => run.stop())
    return run
  }

  /** A server that the test may harm. */
  async function ownServer(): Promise<RedisServer> {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    return server
  }

  pubsubCases('pub/sub across redis', () => open())

  describe('the wire', () => {
    test('68. what any Redis client publishes reaches every binding of the topic', async () => {
      const [run, topic, client] = [await open(), freshTopic(), redis.client()]
      const both = [await collect(run, { topic }), await collect(run, { topic })]
      await client.publish(topic, '{"a":1}')
      for (const { events } of both) expect(await events.take(1)).toEqual([{ a: 1 }])
    })

    test('68. a message that is no JSON is ignored, and logged once a second at most', async () => {
      const [run, topic, client] = [await open(), freshTopic(), redis.client()]
      const { events } = await collect(run, { topic })
      for (const message of ['x', '', '{"a":', 'NaN', 'undefined', '{"a":1} 2']) await client.publish(topic, message)
      await client.publish(topic, '"valid"')
      expect(await events.take(1)).toEqual(['valid'])
      expect(run.log.lines).toEqual([
        {
          level: 'warn',
          message: `A message in the Redis channel "${topic}" is no JSON and was ignored.`,
          data: { message: 'x' },
        },
      ])
    })

    test('a message is the JSON of the data and nothing else', async () => {
      const [run, topic, client] = [await open(), freshTopic(), redis.client()]
      const messages = new Collector<string>()
      client.on('message', (_channel, message) => messages.add(message))
      await client.subscribe(topic)
      for (const data of [{ a: [1, 'ä'] }, null, 'text']) await publish(run, topic, data)
      expect(await messages.take(3)).toEqual(['{"a":[1,"ä"]}', 'null', '"text"'])
    })

    test('one subscription per topic and engine, given up with the last binding', async () => {
      const [run, topic, client] = [await open(), freshTopic(), redis.client()]
      const subscribers = async () => (await client.call('PUBSUB', 'NUMSUB', topic)) as [string, number]
      const bindings = [await collect(run, { topic }), await collect(run, { topic })]
      expect(await subscribers()).toEqual([topic, 1])
      await run.unbind(bindings[0]!.id)
      await barrier(run)
      expect(await subscribers()).toEqual([topic, 1])
      await run.unbind(bindings[1]!.id)
      // The next thing that the plugin does for this id comes after its end.
      await run.bind({ id: bindings[1]!.id, function_id: 'test::none', config: {} })
      expect(await subscribers()).toEqual([topic, 0])
    })
  })

  describe('two engines on one server', () => {
    /** Binds the same function on each engine; all that is called, wherever, in one list. */
    async function replicas(runs: readonly RunningPubSub[], config: object, times = 1): Promise<Collector<unknown>> {
      const [events, functionId] = [new Collector<unknown>(), `test::replica-${randomUUID()}`]
      for (const run of runs) {
        await run.provide(functionId, events.add as never)
        for (let count = 0; count < times; count++) {
          await run.bind({ id: randomUUID(), function_id: functionId, config })
        }
      }
      return events
    }

    const barriers = async (runs: readonly RunningPubSub[]): Promise<void> => {
      for (const run of runs) await barrier(run)
    }

    test('what is bound on one of them alone gets what the other publishes, once', async () => {
      const [one, other, topic] = [await open(), await open(), freshTopic()]
      const [atOne, atOther] = [await collect(one, { topic }), await collect(other, { topic })]
      await publish(one, topic, 1)
      await publish(other, topic, 2)
      for (const { events } of [atOne, atOther]) expect((await events.take(2)).sort()).toEqual([1, 2])
      await barriers([one, other])
      expect([atOne.events.items.length, atOther.events.items.length]).toEqual([2, 2])
    })

    test('the same bound on both is called once for an event, whoever publishes, also for equal ones', async () => {
      const [runs, topic, client] = [[await open(), await open()], freshTopic(), redis.client()]
      const events = await replicas(runs, { topic })
      const numbers = Array.from({ length: 50 }, (_, number) => number)
      await Promise.all(numbers.map((number) => publish(runs[number % 2]!, topic, number)))
      await Promise.all(numbers.map(() => client.publish(topic, '"tick"')))
      await events.take(100)
      await barriers(runs)
      expect(events.items.filter((event) => event === 'tick')).toHaveLength(50)
      expect(events.items.filter((event) => event !== 'tick').sort((a, b) => Number(a) - Number(b))).toEqual(numbers)
    })

    test('bound twice on each of them it is called twice', async () => {
      const [runs, topic] = [[await open(), await open()], freshTopic()]
      const events = await replicas(runs, { topic }, 2)
      for (const event of ['a', 'b']) await publish(runs[0]!, topic, event)
      await events.take(4)
      await barriers(runs)
      expect([...events.items].sort()).toEqual(['a', 'a', 'b', 'b'])
    })

    test('with equal_bindings: each it is called on each', async () => {
      const each = { adapter: { name: 'redis', config: { redis_url: redis.url, equal_bindings: 'each' } } }
      const runs = [await runPubSubPlugin(each), await runPubSubPlugin(each)]
      const topic = freshTopic()
      const events = await replicas(runs, { topic })
      await publish(runs[0]!, topic, 'a')
      expect(await events.take(2)).toEqual(['a', 'a'])
    })

    test('one that leaves takes nothing along, one that comes doubles nothing', async () => {
      const [stays, goes, topic] = [await open(), await open(), freshTopic()]
      const events = await replicas([stays, goes], { topic })
      const some = async (from: number): Promise<void> => {
        for (let number = from; number < from + 20; number++) await publish(stays, topic, 'the same')
      }
      await some(0)
      await events.take(20)
      await goes.stop()
      await some(20)
      await events.take(40)
      await barriers([stays])
      expect(events.items).toHaveLength(40)
    })

    test('subscribers that are no engines, or engines that claim nothing, take nothing away', async () => {
      const [run, topic, client] = [await open(), freshTopic(), redis.client()]
      const heard = new Collector<string>()
      client.on('message', (_channel, text) => heard.add(text))
      await client.subscribe(topic)
      const events = await replicas([run], { topic })
      for (const event of ['a', 'a', 'b']) await publish(run, topic, event)
      expect(await events.take(3)).toEqual(['a', 'a', 'b'])
      expect(await heard.take(3)).toEqual(['"a"', '"a"', '"b"'])
      // The claims of those that never count them run out.
      const keys = await redis.client().keys('pubsub_claim:*')
      expect(keys).not.toEqual([])
      for (const key of keys) {
        const left = await redis.client().pttl(key)
        expect(left).toBeGreaterThan(0)
        expect(left).toBeLessThanOrEqual(CLAIM_LIMITS.rememberMs)
      }
      await redis.client().del(keys)
    })

    test('what all of them have counted is forgotten, and alone an engine writes nothing', async () => {
      const server = await ownServer()
      const [runs, topic, client] = [[await open(server), await open(server)], freshTopic(), server.client()]
      const events = await replicas(runs, { topic })
      for (let number = 0; number < 10; number++) await publish(runs[0]!, topic, number)
      await events.take(10)
      await barriers(runs)
      expect(await client.keys('pubsub_claim:*')).toEqual([])
      await runs[1]!.stop()
      await client.config('RESETSTAT')
      for (let number = 0; number < 10; number++) await publish(runs[0]!, topic, number)
      await events.take(20)
      expect(await client.info('commandstats')).not.toMatch(/cmdstat_(hset|pexpire)/)
    })

    test('where Redis refuses claims each calls its own, with a word', async () => {
      const server = await ownServer()
      const client = server.client()
      await client.call('ACL', 'SETUSER', 'narrow', 'on', '>secret', '&*', '~other:*', '+@all')
      const url = server.url.replace('//', '//narrow:secret@')
      const run = await runPubSubPlugin({ adapter: { name: 'redis', config: { redis_url: url } } })
      const { events } = await collect(run, { topic: 't' })
      for (const event of [1, 2]) await publish(run, 't', event)
      expect(await events.take(2)).toEqual([1, 2])
      expect(
        run.log.lines.filter(({ message }) => message.startsWith('Redis refuses to say which engine')),
      ).toHaveLength(1)
    })
  })

  describe('without the server', () => {
    test('the plugin does not start, and says which address and setting', async () => {
      const server = await ownServer()
      await server.stop()
      await expect(runPubSubPlugin(adapterOf(server))).rejects.toThrow(
        new RegExp(`127\\.0\\.0\\.1:${server.port}.*adapter\\.config\\.redis_url of iii-pubsub`),
      )
    })

    test('publish fails at once with publish_failed, and everything comes back by itself', async () => {
      const server = await ownServer()
      const run = await open(server)
      const { events } = await collect(run, { topic: 't' })
      await server.kill()
      await loggedLine(run.log, /^The subscriptions are interrupted/)
      const refusal = await within(
        1_000,
        'the refusal',
        publish(run, 't', 'lost').catch((error: unknown) => error),
      )
      expect(refusal).toMatchObject({
        code: 'publish_failed',
        message: expect.stringMatching(
          new RegExp(`^Failed to publish to the topic "t": Redis at 127\\.0\\.0\\.1:${server.port} is not reachable`),
        ),
      })
      await server.restart()
      await loggedLine(run.log, /^All subscriptions are in force again/)
      await publishWhenBack(run, 't', 'heard')
      expect(await events.take(1)).toEqual(['heard'])
      expect(run.log.lines.filter(({ message }) => /interrupted|in force/.test(message))).toHaveLength(2)
    })

    test('a subscription waits for a server that is coming back', async () => {
      const server = await ownServer()
      const run = await open(server)
      await collect(run, { topic: 'before' })
      await server.kill()
      await loggedLine(run.log, /^The subscriptions are interrupted/)
      const subscribing = collect(run, { topic: 't' })
      await server.restart()
      const { events } = await subscribing
      await publishWhenBack(run, 't', 1)
      expect(await events.take(1)).toEqual([1])
    })

    test('a subscription that can not be had in time is refused', async () => {
      const server = await ownServer()
      const log = collectingLog()
      const adapter = await opened(server, { subscribeMs: 50 }, log)
      await adapter.subscribe('before', () => {}, none)
      await server.kill()
      await expect(adapter.subscribe('t', () => {}, none)).rejects.toThrow(
        'No subscription to the topic "t" within 50 ms: Redis is not reachable. Subscribe again later.',
      )
      await server.restart()
      await loggedLine(log, /^All subscriptions are in force again/)
      await adapter.subscribe('t', () => {}, none)
    })

    test('closing does not wait for ever for a server that says nothing', async () => {
      const server = await ownServer()
      const adapter = await opened(server, { flushMs: 50, closeMs: 50 })
      await adapter.subscribe('t', () => {}, none)
      server.pause()
      onTestFinished(() => server.resume())
      await within(5_000, 'the end of the adapter', Promise.resolve(adapter.close()))
    })

    const none = (): [] => []

    async function opened(
      { url }: RedisServer,
      limits: Partial<RedisAdapterLimits>,
      log = collectingLog(),
    ): Promise<PubSubAdapter> {
      const adapter = await openRedis({ config: { redis_url: url }, log }, limits)
      onTestFinished(() => adapter.close())
      return adapter
    }
  })

  describe('a change of the adapter', () => {
    const local = {}

    test('takes the subscriptions along, in both directions', async () => {
      const [run, topic, client] = [await runPubSubPlugin(local), freshTopic(), redis.client()]
      onTestFinished(() => run.stop())
      const { events } = await collect(run, { topic })
      expect(await run.plugin.reconfigure!(adapterOf(redis))).toBe(true)
      await client.publish(topic, '"from redis"')
      expect(await events.take(1)).toEqual(['from redis'])
      expect(await run.plugin.reconfigure!(local)).toBe(true)
      await client.publish(topic, '"not heard"')
      await publish(run, topic, 'local again')
      expect(await events.take(2)).toEqual(['from redis', 'local again'])
      expect(await client.call('PUBSUB', 'NUMSUB', topic)).toEqual([topic, 0])
    })

    test('loses and doubles nothing that is published meanwhile', async () => {
      const [run, topic] = [await open(), freshTopic()]
      const { events } = await collect(run, { topic })
      const database = (number: number) => ({
        adapter: { name: 'redis', config: { redis_url: `${redis.url}/${number}` } },
      })
      let published = 0
      // Every database has the same channels: while two connections are subscribed, both hear everything.
      for (const config of [database(1), local, database(2), database(3), local]) {
        const changed = Promise.resolve(run.plugin.reconfigure!(config))
        const during: Promise<unknown>[] = []
        const progress = { over: false }
        void changed.finally(() => (progress.over = true))
        while (!progress.over) {
          during.push(publish(run, topic, published++))
          await new Promise(setImmediate)
        }
        expect(await changed).toBe(true)
        await Promise.all(during)
      }
      await barrier(run)
      expect(published).toBeGreaterThan(5)
      const inOrder = Array.from({ length: published }, (_, number) => number)
      expect((events.items as number[]).toSorted((a, b) => a - b)).toEqual(inOrder)
    })

    test('that fails leaves everything as it was', async () => {
      const gone = await ownServer()
      await gone.stop()
      const run = await runPubSubPlugin(local)
      onTestFinished(() => run.stop())
      const { events } = await collect(run, { topic: 't' })
      await expect(run.plugin.reconfigure!(adapterOf(gone))).rejects.toThrow(/127\.0\.0\.1:\d+/)
      await publish(run, 't', 1)
      expect(await events.take(1)).toEqual([1])
      const later = await collect(run, { topic: 'other' })
      await publish(run, 'other', 2)
      expect(await later.events.take(1)).toEqual([2])
    })

    test('bindings that come and go meanwhile are as they should be', async () => {
      const run = await runPubSubPlugin(local)
      onTestFinished(() => run.stop())
      const [stays, goes] = [await collect(run, { topic: 'stays' }), await collect(run, { topic: 'goes' })]
      const changed = run.plugin.reconfigure!(adapterOf(redis))
      const coming = collect(run, { topic: 'comes' })
      void run.unbind(goes.id)
      expect(await changed).toBe(true)
      const comes = await coming
      for (const topic of ['stays', 'goes', 'comes']) await publish(run, topic, topic)
      expect(await stays.events.take(1)).toEqual(['stays'])
      expect(await comes.events.take(1)).toEqual(['comes'])
      await barrier(run)
      expect(goes.events.items).toEqual([])
      expect(await redis.client().call('PUBSUB', 'NUMSUB', 'goes')).toEqual(['goes', 0])
    })

    test('to the same adapter is none', async () => {
      const run = await open()
      const { adapter } = adapterOf(redis)
      expect(await run.plugin.reconfigure!({ adapter: { ...adapter, config: { ...adapter.config } } })).toBe(true)
      const alias = await runPubSubPlugin({ adapter: { name: 'memory' } })
      onTestFinished(() => alias.stop())
      expect(await alias.plugin.reconfigure!({})).toBe(true)
    })
  })

  /** The first command connection and the one that listens come back one after the other. */
  async function publishWhenBack(run: RunningPubSub, topic: string, data: unknown): Promise<void> {
    await loggedLine(run.log, /^Redis at .* is connected again/)
    await publish(run, topic, data)
  }
})

/** Waits until a line is there; looked at in each turn of the loop. */
async function loggedLine(log: ReturnType<typeof collectingLog>, pattern: RegExp): Promise<void> {
  const watch = async (): Promise<void> => {
    while (!log.lines.some(({ message }) => pattern.test(message))) await new Promise(setImmediate)
  }
  await within(10_000, `a log line ${pattern}`, watch())
}
