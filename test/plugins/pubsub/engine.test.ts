// Pub/sub over a whole engine: workers on sockets, the router, the plugin in the shared thread, the configuration in a file.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startEngine, type Engine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { connectSdk, failureOf, V11, V22 } from '../../clients/versions.ts'
import { Collector, within } from '../../support/deadline.ts'
import { LoadClient } from '../../support/load-client.ts'
import { RawClient } from '../../support/raw-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { socketRun } from '../../support/worker-run.ts'
import { pubsubCases } from './pubsub-cases.ts'
import { collect, publish, type PubSubRun } from './pubsub-run.ts'

interface RunningEngine {
  readonly engine: Engine
  close(): Promise<void>
  /** Writes the entry of `iii-pubsub` and waits until the engine has taken it up. */
  apply(config: string): Promise<void>
}

/** For one test, which ends it. */
async function startOwn(entries?: string): Promise<RunningEngine> {
  const running = await start(entries)
  onTestFinished(() => running.close())
  return running
}

async function start(entries = '  - name: iii-pubsub\n'): Promise<RunningEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-pubsub-'))
  const write = (pubsub: string): Promise<void> =>
    writeFile(
      join(folder, 'iii-config.yaml'),
      `workers:\n  - { name: iii-worker-manager, config: { port: 0 } }\n${pubsub}`,
    )
  await write(entries)
  const reloads = new Collector<string>()
  const log = createLog({
    level: 'info',
    pretty: false,
    write: (line) => void (line.includes('"configuration reloaded"') && reloads.add(line)),
  })
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const engine = await startEngine({ cwd: folder, log }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return {
    engine,
    async close() {
      await engine.close()
      await remove()
    },
    async apply(config) {
      const before = reloads.items.length
      await write(`  - { name: iii-pubsub, config: ${config} }\n`)
      await reloads.take(before + 1)
    },
  }
}

async function worker(engine: Engine): Promise<PubSubRun & { readonly client: RawClient }> {
  const client = await RawClient.connect(engine.url)
  const run = socketRun(client, 'subscribe')
  return {
    ...run,
    client,
    async bind(binding) {
      await run.bind(binding)
      await client.settled()
    },
  }
}

let shared: RunningEngine
beforeAll(async () => {
  shared = await start()
})
afterAll(() => shared?.close())

pubsubCases('pub/sub of a running engine', () => worker(shared.engine))

describe('pub/sub of a running engine: workers', () => {
  test('63. equal bindings of two replicas are one invocation', async () => {
    const { engine } = await startOwn()
    const received = new Collector<string>()
    for (const replica of ['one', 'other']) {
      const { client, bind } = await worker(engine)
      await client.provided('orders::count', () => received.add(replica))
      await bind({ id: randomUUID(), function_id: 'orders::count', config: { topic: 'orders' } })
    }
    const publisher = await worker(engine)
    for (let event = 0; event < 10; event++) await publish(publisher, 'orders', event)
    const last = await collect(publisher, { topic: 'last' })
    await publish(publisher, 'last', 1)
    await last.events.take(1)
    await received.take(10)
    expect(received.items).toHaveLength(10)
    expect(new Set(received.items)).toEqual(new Set(['one', 'other']))
  })

  test('a worker that is gone misses what is published, and hears again once it is back', async () => {
    const { engine } = await startOwn()
    const publisher = await worker(engine)
    const first = await worker(engine)
    const missed = await collect(first, { topic: 't' })
    await first.client.close()
    await publish(publisher, 't', 'missed')
    const again = await collect(await worker(engine), { topic: 't' })
    await publish(publisher, 't', 'heard')
    expect(await again.events.take(1)).toEqual(['heard'])
    expect(missed.events.items).toEqual([])
  })

  test(
    '1,000 subscribers on one topic miss nothing of what is published faster than it can be delivered',
    { timeout: 60_000 },
    async () => {
      const { engine } = await startOwn()
      const client = await LoadClient.connect(engine.url, 'subscriber')
      onTestFinished(() => client.close())
      const received: number[] = []
      const all = Promise.withResolvers<void>()
      await client.register('test::count', (data: number) => {
        if (received.push(data) === 30_000) all.resolve()
      })
      for (let subscriber = 0; subscriber < 1_000; subscriber++) {
        const config = { topic: 'flood' }
        client.send({
          type: 'registertrigger',
          id: randomUUID(),
          trigger_type: 'subscribe',
          function_id: 'test::count',
          config,
          metadata: subscriber,
        })
      }
      // All of them at once: 30,000 calls, where 10,000 frames may wait for the ring.
      const publishes = Array.from({ length: 30 }, (_, data) => client.result('publish', { topic: 'flood', data }))
      expect(await Promise.all(publishes)).toEqual(publishes.map(() => undefined))
      await within(45_000, '30,000 deliveries', all.promise)
      const counts = Map.groupBy(received, (data) => data)
      expect([...counts].map(([data, deliveries]) => [data, deliveries.length])).toEqual(
        publishes.map((_, data) => [data, 1_000]),
      )
    },
  )
})

describe('pub/sub of a running engine: reload', () => {
  test('loses nothing that is published meanwhile', async () => {
    const { engine } = await startOwn()
    const run = await worker(engine)
    const { events } = await collect(run, { topic: 't' })
    const publisher = await LoadClient.connect(engine.url, 'publisher')
    onTestFinished(() => publisher.close())
    const published: Promise<unknown>[] = []
    for (let reload = 0; reload < 3; reload++) {
      const progress = { over: false }
      const reloaded = publisher.result('engine::plugins::reload', { name: 'iii-pubsub' })
      const isOver = (): void => void (progress.over = true)
      reloaded.then(isOver, isOver)
      while (!progress.over) {
        // Fewer than may wait for a plugin that is being replaced.
        const mayPublish = published.length < (reload + 1) * 3_000
        if (mayPublish) published.push(publisher.result('publish', { topic: 't', data: published.length }))
        await new Promise(setImmediate)
      }
      await reloaded
    }
    await Promise.all(published)
    const numbers = published.map((_, number) => number)
    expect(numbers.length).toBeGreaterThan(3)
    expect(await events.take(numbers.length, 15_000)).toEqual(numbers)
  })
})

describe.each([V22, V11])('pub/sub with iii-sdk $name', (version) => {
  test('publishes and subscribes', async () => {
    const { engine } = await startOwn()
    const [publisher, subscriber] = [connectSdk(version, engine.url), connectSdk(version, engine.url)]
    const received = new Collector<unknown>()
    subscriber.registerFunction('orders::on-shipped', received.add)
    const trigger = subscriber.registerTrigger({
      type: 'subscribe',
      function_id: 'orders::on-shipped',
      config: { topic: 'orders.shipped' },
    })
    // Its answer says that everything before it has been taken.
    await subscriber.trigger({ function_id: 'engine::functions::list', payload: {} })
    const publishing = { function_id: 'publish', payload: { topic: 'orders.shipped', data: { order: 1 } } }
    expect(await publisher.trigger(publishing)).toBeUndefined()
    expect(await received.take(1)).toEqual([{ order: 1 }])
    trigger.unregister()
    await subscriber.trigger({ function_id: 'engine::functions::list', payload: {} })
    await publisher.trigger(publishing)
    const empty = publisher.trigger({ function_id: 'publish', payload: { topic: '', data: 1 } })
    expect(await failureOf(empty)).toMatchObject({ code: 'topic_not_set' })
    expect(received.items).toHaveLength(1)
  })
})

describe('pub/sub of a running engine: settings', () => {
  test('48. both names of the worker in one configuration are an error that names them', async () => {
    await expect(start('  - name: iii-pubsub\n  - name: pubsub\n')).rejects.toThrow(/iii-pubsub[^]*pubsub/)
  })

  test('an unknown adapter, or an unknown key, is an error that names it', async () => {
    await expect(start('  - { name: pubsub, config: { adapter: { name: rabbit } } }\n')).rejects.toThrow(
      /Adapter factory 'rabbit' not found\. Available: \[local, redis\]/,
    )
    await expect(
      start('  - { name: pubsub, config: { adapter: { name: redis, config: { url: "x" } } } }\n'),
    ).rejects.toThrow(/url/)
  })

  test.each(['iii-pubsub', 'pubsub'])('runs as %s, and in the style of iii 0.10', async (name) => {
    const { engine } = await startOwn(
      name === 'pubsub'
        ? 'modules:\n  - class: modules::pubsub::PubSubModule\n    config: { adapter: { class: modules::pubsub::LocalAdapter } }\n'
        : `  - name: ${name}\n`,
    )
    const run = await worker(engine)
    const { events } = await collect(run, { topic: 't' })
    await publish(run, 't', 1)
    expect(await events.take(1)).toEqual([1])
  })

  test.skipIf(lacks('redis-server'))('another adapter is taken up while it runs (needs redis-server)', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { engine, apply } = await startOwn()
    const run = await worker(engine)
    const { events } = await collect(run, { topic: 't' })
    await apply(`{ adapter: { name: redis, config: { redis_url: "${redis.url}" } } }`)
    await redis.client().publish('t', '"from redis"')
    expect(await events.take(1)).toEqual(['from redis'])
    await publish(run, 't', 'from here')
    expect(await events.take(2)).toEqual(['from redis', 'from here'])
  })
})
