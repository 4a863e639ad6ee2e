// Durable topics over a whole engine with the SDKs from npm, old and new, and over restarts (spec 03 §4, §9.1).
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectSdk, failureOf, V11, V22, type Client } from '../../../clients/versions.ts'
import { Collector } from '../../../support/deadline.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { startQueueEngine, type QueueEngine } from '../queue-engine.ts'

let running: QueueEngine
beforeAll(async () => {
  running = await startQueueEngine('{ queue_configs: { orders: { max_retries: 1, concurrency: 1 } } }')
})
afterAll(() => running?.close())

/** What was sent before has been taken by the engine. */
const taken = (client: Client) => client.trigger({ function_id: 'engine::functions::list', payload: {} })
const call = (client: Client, functionId: string, payload: unknown) =>
  client.trigger({ function_id: functionId, payload })

describe.each([V11, V22])('iii-sdk $name', (version) => {
  const connect = (): Client => connectSdk(version, running.engine.url)

  /** A worker with a function that is subscribed to a topic. */
  async function subscriber(
    topic: string,
    functionId: string,
    config: object = {},
    handle: (data: any) => unknown = () => null,
  ) {
    const client = connect()
    const got = new Collector<unknown>()
    client.registerFunction(functionId, (data: unknown) => {
      got.add(data)
      return handle(data)
    })
    const trigger = client.registerTrigger({
      type: 'durable:subscriber',
      function_id: functionId,
      config: { topic, ...config },
    })
    await taken(client)
    return { client, got, trigger }
  }

  test('31. 32. each function gets each message once, however many workers provide it', async () => {
    const topic = randomUUID()
    const ids = [`a-${topic}`, `b-${topic}`]
    const [one, other, second] = [
      await subscriber(topic, ids[0]!),
      await subscriber(topic, ids[0]!),
      await subscriber(topic, ids[1]!),
    ]
    const numbers = Array.from({ length: 10 }, (_, number) => number)
    for (const number of numbers)
      expect(await call(one.client, 'iii::durable::publish', { topic, data: number })).toBeUndefined()
    expect((await second.got.take(10)).toSorted()).toEqual(numbers)
    const both = new Collector<unknown>()
    for (const { got } of [one, other]) void got.take(1).then(() => both.add(1))
    await both.take(2)
    while (one.got.items.length + other.got.items.length < 10)
      await Promise.race([one, other].map(({ got }) => got.take(got.items.length + 1)))
    expect([...one.got.items, ...other.got.items].toSorted()).toEqual(numbers)
  })

  test('34. the older names do the same', async () => {
    const client = connect()
    const got = new Collector<unknown>()
    const topic = randomUUID()
    client.registerFunction(`old-${topic}`, got.add)
    client.registerTrigger({ type: 'queue', function_id: `old-${topic}`, config: { topic } })
    await call(client, 'enqueue', { topic, data: { a: 1 } })
    expect(await got.take(1)).toEqual([{ a: 1 }])
  })

  test('33. a topic that is empty is an error with its code', async () => {
    const error = await failureOf(call(connect(), 'iii::durable::publish', { topic: '', data: 1 }))
    expect(error).toMatchObject({ code: 'topic_not_set' })
  })

  test('a publish may be void, or go through a queue', async () => {
    const topic = randomUUID()
    const { client, got } = await subscriber(topic, `f-${topic}`)
    const publish = (data: string, action: object) =>
      client.trigger({ function_id: 'iii::durable::publish', payload: { topic, data }, action })
    await publish('void', { type: 'void' })
    await publish('queued', { type: 'enqueue', queue: 'default' })
    expect((await got.take(2)).toSorted()).toEqual(['queued', 'void'])
  })

  test('41. a function whose trigger is unregistered gets nothing more', async () => {
    const topic = randomUUID()
    const [a, b] = [await subscriber(topic, `a-${topic}`), await subscriber(topic, `b-${topic}`)]
    a.trigger.unregister()
    await taken(a.client)
    await call(a.client, 'iii::durable::publish', { topic, data: 1 })
    await b.got.take(1)
    expect(a.got.items).toEqual([])
    // No copy waits for it either.
    expect(await call(b.client, 'iii::queue::peek', { topic })).toEqual([])
  })

  test('42. a worker that goes and comes back gets what was published meanwhile', async () => {
    const topic = randomUUID()
    const id = `a-${topic}`
    const first = await subscriber(topic, id)
    const publisher = connect()
    await first.client.shutdown()
    const gone = async (): Promise<boolean> =>
      ((await call(publisher, 'engine::queue::topic_stats', { topic })) as { consumer_count: number })
        .consumer_count === 0
    while (!(await gone())) await taken(publisher)
    for (const data of [1, 2]) await call(publisher, 'iii::durable::publish', { topic, data })
    const back = await subscriber(topic, id)
    expect(await back.got.take(2)).toEqual([1, 2])
    expect(first.got.items).toEqual([])
  })

  test('21. 23. dead letters are listed and redriven', async () => {
    const client = connect()
    let works = false
    const got = new Collector<unknown>()
    const died = new Collector<{ id: string }>()
    const id = `pay-${randomUUID()}`
    client.registerFunction(id, (data: unknown) => {
      got.add(data)
      if (!works) throw new Error('broken')
    })
    client.registerFunction(`${id}-dead`, died.add as (event: unknown) => void)
    const trigger = client.registerTrigger({
      type: 'queue:dead-letter',
      function_id: `${id}-dead`,
      config: { queue: 'orders' },
    })
    await taken(client)
    const action = { type: 'enqueue', queue: 'orders' }
    const receipts = [1, 2, 3].map((n) => client.trigger({ function_id: id, payload: { n }, action }))
    const ids = (await Promise.all(receipts)).map(({ messageReceiptId }) => messageReceiptId as string)
    await died.take(3)
    const rows = (await call(client, 'engine::queue::dlq_messages', { topic: 'orders' })) as {
      id: string
      error: string
    }[]
    expect(rows.map((row) => row.id).toSorted()).toEqual(ids.toSorted())
    expect(rows[0]!.error).toContain('broken')
    works = true
    expect(await call(client, 'iii::queue::redrive', { topic: 'orders' })).toEqual({ queue: 'orders', redriven: 3 })
    expect((await got.take(6)).slice(3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(await failureOf(call(client, 'iii::queue::redrive', { queue: '' }))).toMatchObject({ code: 'queue_not_set' })
    trigger.unregister()
  })

  test('a reload of the plugin loses no message, and no subscription', async () => {
    const topic = randomUUID()
    const { client, got } = await subscriber(topic, `a-${topic}`)
    const published: Promise<unknown>[] = []
    const publish = (): void =>
      void published.push(call(client, 'iii::durable::publish', { topic, data: published.length }))
    for (let reload = 0; reload < 2; reload++) {
      const progress = { over: false }
      const reloaded = call(client, 'engine::plugins::reload', { name: 'iii-queue' })
      const isOver = (): void => void (progress.over = true)
      reloaded.then(isOver, isOver)
      while (!progress.over) {
        if (published.length < (reload + 1) * 300) publish()
        await new Promise(setImmediate)
      }
      await reloaded
    }
    await Promise.all(published)
    const numbers = published.map((_, number) => number)
    while (new Set(got.items).size < numbers.length) await got.take(got.items.length + 1)
    expect([...new Set(got.items as number[])].toSorted((one, other) => one - other)).toEqual(numbers)
  })
})

test('what was published outlives the engine, and so do subscriptions and backlogs', async () => {
  const folder = tempFolder()
  const first = await startQueueEngine('{}', folder)
  const leaving = connectSdk(V22, first.engine.url)
  leaving.registerFunction('a', () => null)
  leaving.registerTrigger({ type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } })
  await taken(leaving)
  await leaving.shutdown()
  const publisher = connectSdk(V22, first.engine.url)
  await call(publisher, 'iii::durable::publish', { topic: 't', data: 1 })
  await call(publisher, 'iii::durable::publish', { topic: 'u', data: 'early' })
  await publisher.shutdown()
  await first.engine.close()

  const second = await startQueueEngine('{}', folder)
  onTestFinished(() => second.close())
  const client = connectSdk(V22, second.engine.url)
  await call(client, 'iii::durable::publish', { topic: 't', data: 2 })
  const got = new Collector<unknown>()
  for (const [functionId, topic] of [
    ['a', 't'],
    ['b', 'u'],
  ] as const) {
    client.registerFunction(functionId, (data: unknown) => got.add([topic, data]))
    client.registerTrigger({ type: 'durable:subscriber', function_id: functionId, config: { topic } })
  }
  expect((await got.take(3)).toSorted()).toEqual([
    ['t', 1],
    ['t', 2],
    ['u', 'early'],
  ])
})
