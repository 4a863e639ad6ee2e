// Queues and durable topics with the unmodified SDKs of two generations, as their own samples use them (spec 03 §9).
import { randomUUID } from 'node:crypto'
import { TriggerAction as TriggerAction22 } from 'iii-sdk'
import { TriggerAction as TriggerAction11 } from 'iii-sdk-0-11'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TriggerAction } from '../../sdk.ts'
import { startQueueEngine, type QueueEngine } from '../plugins/queue/queue-engine.ts'
import { Collector } from '../support/deadline.ts'
import { OWN } from './own.ts'
import { connectSdk, failureOf, V11, V22, type Client } from './versions.ts'

let running: QueueEngine
beforeAll(async () => {
  running = await startQueueEngine(
    '{ queue_configs: { jobs: { max_retries: 2, backoff_ms: 1 }, ledger: { type: fifo, message_group_field: account, backoff_ms: 1 } } }',
  )
})
afterAll(() => running?.close())

const call = (client: Client, function_id: string, payload: object): Promise<any> =>
  client.trigger({ function_id, payload })

describe.each([
  { ...V22, Enqueue: TriggerAction22.Enqueue },
  { ...V11, Enqueue: TriggerAction11.Enqueue },
  { ...OWN, Enqueue: TriggerAction.Enqueue },
])('iii-sdk $name', (version) => {
  const connect = (): Client => connectSdk(version, running.engine.url)

  it('tries a job again after its function has failed, with the same payload', async () => {
    const client = connect()
    const id = `test::${randomUUID()}`
    const got = new Collector<unknown>()
    client.registerFunction(id, async (data) => {
      got.add(data)
      if (got.items.length === 1) throw new Error('not yet')
      return { ok: false }
    })
    const payload = { mail: 'ada@example.com', text: 'é✓', nothing: null }
    const action = version.Enqueue({ queue: 'jobs' })
    expect(await client.trigger({ function_id: id, payload, action })).toEqual({ messageReceiptId: expect.any(String) })
    expect(await got.take(2)).toEqual([payload, payload])
    // What a function returns is never a failure.
    await expect
      .poll(() => call(client, 'iii::queue::status', { queue: 'jobs' }))
      .toMatchObject({ pending: 0, active: 0, delayed: 0, dlq_count: 0 })
    expect(got.items).toHaveLength(2)
  })

  it('gets enqueue_error as an error of the SDK for a queue that is not there, and nothing is called', async () => {
    const client = connect()
    const error = await failureOf(
      client.trigger({ function_id: 'any', payload: {}, action: version.Enqueue({ queue: 'jbos' }) }),
    )
    expect(error).toMatchObject({
      name: version.errorName,
      code: 'enqueue_error',
      message: expect.stringMatching(/'jbos' was not found.*queue_configs/),
    })
  })

  it('runs the jobs of a group in order over retries, from a handler that enqueues into its own queue as well', async () => {
    const client = connect()
    const id = `test::${randomUUID()}`
    const account = randomUUID()
    const done = new Collector<number>()
    const action = version.Enqueue({ queue: 'ledger' })
    const enqueue = (n: number): Promise<unknown> =>
      client.trigger({ function_id: id, payload: { account, n }, action })
    let failures = 0
    const allThere = Promise.withResolvers<void>()
    client.registerFunction(id, async ({ n }) => {
      if (n === 1 && failures++ === 0) {
        await allThere.promise
        throw new Error('once')
      }
      if (n === 2) await enqueue(4)
      done.add(n)
    })
    for (const n of [1, 2, 3]) await enqueue(n)
    allThere.resolve()
    expect(await done.take(4)).toEqual([1, 2, 3, 4])
  })

  it('hands delay, priority and deduplication on to the queue', async () => {
    const client = connect()
    const [id, dedup_key] = [`test::${randomUUID()}`, randomUUID()]
    const enqueue = async (n: number, more: object): Promise<string> => {
      const action = version.Enqueue({ queue: 'default', ...more } as { queue: string })
      return (await client.trigger({ function_id: id, payload: { n }, action })).messageReceiptId
    }
    await call(client, 'iii::queue::pause', { queue: 'default' })
    const late = await enqueue(1, { delay_ms: 3_600_000 })
    const low = await enqueue(2, { dedup_key })
    await enqueue(3, { dedup_key })
    const high = await enqueue(4, { priority: 9 })
    const ids = async (what: string): Promise<string[]> =>
      (await call(client, `iii::queue::${what}`, { queue: 'default' })).map((job: { id: string }) => job.id)
    expect(await ids('peek')).toEqual([high, low])
    expect(await ids('delayed')).toContain(late)
    const got = new Collector<number>()
    client.registerFunction(id, async ({ n }) => got.add(n))
    await call(client, 'iii::queue::resume', { queue: 'default' })
    expect((await got.take(2)).toSorted()).toEqual([2, 4])
  })

  it('publishes to a topic, and brings back the dead letter of the one subscriber that failed', async () => {
    const client = connect()
    const topic = randomUUID()
    const [good, bad] = [new Collector<unknown>(), new Collector<unknown>()]
    const died = new Collector<{ id: string }>()
    let works = false
    client.registerFunction(`${topic}::good`, async (data) => good.add(data))
    client.registerFunction(`${topic}::bad`, async (data) => {
      bad.add(data)
      if (!works) throw new Error('the books are closed')
    })
    client.registerFunction(`${topic}::died`, async (event) => died.add(event))
    const subscribe = (function_id: string): unknown =>
      client.registerTrigger({
        type: 'durable:subscriber',
        function_id,
        config: { topic, queue_config: { maxRetries: 1, backoffDelayMs: 1 } },
      })
    subscribe(`${topic}::good`)
    subscribe(`${topic}::bad`)
    client.registerTrigger({ type: 'queue:dead-letter', function_id: `${topic}::died`, config: { queue: topic } })
    expect(await call(client, 'iii::durable::publish', { topic, data: { order: 17 } })).toBeUndefined()
    const [{ id }] = (await died.take(1)) as [{ id: string }]
    expect(bad.items).toHaveLength(2)
    expect(await call(client, 'engine::queue::dlq_messages', { topic })).toMatchObject([
      { id, payload: { order: 17 }, retries: 2, error: expect.stringContaining('the books are closed') },
    ])
    works = true
    expect(await call(client, 'iii::queue::redrive_message', { queue: topic, message_id: id })).toMatchObject({
      redriven: 1,
    })
    expect((await bad.take(3))[2]).toEqual({ order: 17 })
    expect(good.items).toEqual([{ order: 17 }])
    expect(await call(client, 'engine::queue::dlq_messages', { topic })).toEqual([])
  })

  it('leaves the job that it has in hand when it dies to the next one', async () => {
    const [first, second] = [connect(), connect()]
    const id = `test::${randomUUID()}`
    const begun = new Collector<unknown>()
    first.registerFunction(id, async (data) => {
      begun.add(data)
      return new Promise(() => {})
    })
    await second.trigger({ function_id: id, payload: { n: 1 }, action: version.Enqueue({ queue: 'jobs' }) })
    await begun.take(1)
    const taken = new Collector<unknown>()
    second.registerFunction(id, async (data) => taken.add(data))
    await first.shutdown()
    expect(await taken.take(1)).toEqual([{ n: 1 }])
  })
})

it('the handler of 0.22.1 gets receipt, queue and attempt beside the payload', async () => {
  const client = connectSdk(V22, running.engine.url)
  const id = `test::${randomUUID()}`
  const got = new Collector<unknown>()
  client.registerFunction(id, async (_data, metadata) => {
    got.add(metadata)
    if (got.items.length === 1) throw new Error('not yet')
  })
  const action = TriggerAction22.Enqueue({ queue: 'jobs' })
  const { messageReceiptId } = await client.trigger({ function_id: id, payload: {}, action })
  expect(await got.take(2)).toEqual([0, 1].map((attempt) => ({ messageReceiptId, queue: 'jobs', attempt })))
})
