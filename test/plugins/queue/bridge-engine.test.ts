// Queues that another engine keeps (spec 06 D): what callers of this one see.
import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { unusedPort } from '../../support/unused-port.ts'

const MEMORY = '{ name: iii-queue, config: { adapter: { name: memory } } }'
const bridged = (url: string): string =>
  `{ name: iii-queue, config: { adapter: { name: bridge, config: { bridge_url: '${url}' } } } }`

async function scene() {
  const there = await startRemoteEngine([MEMORY])
  const here = await startRemoteEngine([bridged(there.url)])
  return { here, there, near: await RawClient.connect(here.url), far: await RawClient.connect(there.url) }
}

/** Resolves when the other engine has the binding. */
async function subscribed(near: RawClient, far: RawClient, functionId: string, topic: string, more: object = {}) {
  const id = randomUUID()
  const config = { topic, ...more }
  near.send({ type: 'registertrigger', id, trigger_type: 'durable:subscriber', function_id: functionId, config })
  await near.settled()
  await vi.waitUntil(
    async () => {
      const { result } = await far.call('engine::registered-triggers::list', { include_internal: true })
      const { registered_triggers: rows } = result as { registered_triggers: { config: { topic?: string } }[] }
      return rows.some((row) => row.config.topic === topic)
    },
    { timeout: 10_000 },
  )
  return id
}

test('what is published here comes through the other engine to a subscriber that is bound here', async () => {
  const { near, far } = await scene()
  const taken: unknown[] = []
  await near.provided('a::on-order', (data) => void taken.push(data))
  await subscribed(near, far, 'a::on-order', 'orders')
  expect((await near.call('iii::durable::publish', { topic: 'orders', data: { n: 1 } })).error).toBeUndefined()
  expect((await far.call('iii::durable::publish', { topic: 'orders', data: { n: 2 } })).error).toBeUndefined()
  await near.until(() => taken.length === 2, 'both messages')
  expect(taken).toEqual([{ n: 1 }, { n: 2 }])
})

test('a subscriber that fails is asked again by the other engine, and its messages are dead letters there', async () => {
  const { near, far } = await scene()
  let calls = 0
  await near.provided('a::fails', () => {
    calls++
    throw Object.assign(new Error('not today'), { code: 'NOT_TODAY' })
  })
  await subscribed(near, far, 'a::fails', 'orders', { queue_config: { maxRetries: 1, backoffDelayMs: 10 } })
  await near.call('iii::durable::publish', { topic: 'orders', data: 1 })
  await near.until(() => calls === 2, 'two deliveries')
  await vi.waitUntil(
    async () => {
      const { result } = await far.call('engine::queue::dlq_messages', { topic: 'orders' })
      return (result as { error: string }[])[0]?.error === 'NOT_TODAY: not today'
    },
    { timeout: 10_000 },
  )
})

test('a condition that says false takes the message without its function', async () => {
  const { near, far } = await scene()
  const taken: unknown[] = []
  await near.provided('a::wanted', (data) => data === 2)
  await near.provided('a::on-order', (data) => void taken.push(data))
  await subscribed(near, far, 'a::on-order', 'orders', { condition_function_id: 'a::wanted' })
  for (const data of [1, 2]) await near.call('iii::durable::publish', { topic: 'orders', data })
  await near.until(() => taken.length === 1, 'the message that is wanted')
  expect(taken).toEqual([2])
  const { result } = await far.call('iii::queue::status', { queue: 'orders' })
  expect(result).toMatchObject({ pending: 0, dlq_count: 0 })
})

test('what is published while the subscriber is away waits for it, and no longer once it has unsubscribed', async () => {
  const { near, far, here } = await scene()
  const first = await RawClient.connect(here.url, { name: 'first' })
  await first.provided('a::on-order', () => 1)
  await subscribed(first, far, 'a::on-order', 'orders')
  await first.close()
  await near.call('iii::durable::publish', { topic: 'orders', data: { n: 1 } })
  const taken: unknown[] = []
  await near.provided('a::on-order', (data) => void taken.push(data))
  const id = await subscribed(near, far, 'a::on-order', 'orders')
  await near.until(() => taken.length === 1, 'the message')
  near.send({ type: 'unregistertrigger', id, trigger_type: 'durable:subscriber' })
  await near.settled()
  await vi.waitUntil(
    async () => {
      const { result } = await far.call('engine::registered-triggers::list', { include_internal: true })
      return (result as { registered_triggers: { config: { topic?: string } }[] }).registered_triggers.every(
        ({ config }) => config.topic !== 'orders',
      )
    },
    { timeout: 10_000 },
  )
  expect(taken).toEqual([{ n: 1 }])
}, 30_000)

test('jobs of a named queue are stored and delivered by the other engine, with a receipt of its own', async () => {
  const { near, far } = await scene()
  await far.provided('work', () => 1)
  const action = { type: 'enqueue', queue: 'default' }
  const { result, error } = await near.call('work', { n: 1 }, { action })
  expect(error).toBeUndefined()
  expect(result).toEqual({ messageReceiptId: expect.any(String) as string })
  await far.until(() => far.calls('work').length === 1, 'the job')
  expect(far.calls('work')[0]!).toMatchObject({
    data: { n: 1 },
    metadata: { queue: 'default', messageReceiptId: expect.any(String) as string },
  })
})

test('dead letters and what waits are looked at on the other engine: here the functions say so', async () => {
  const { near } = await scene()
  for (const [id, input] of [
    ['engine::queue::dlq_messages', { topic: 'default' }],
    ['iii::queue::redrive', { queue: 'default' }],
    ['iii::queue::redrive_message', { queue: 'default', message_id: 'x' }],
    ['iii::queue::discard', { queue: 'default' }],
    ['iii::queue::discard_message', { queue: 'default', message_id: 'x' }],
  ] as const)
    expect((await near.call(id, input)).error).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('Bridge queue adapter does not support DLQ operations') as string,
    })
  expect((await near.call('iii::queue::peek', { queue: 'default' })).error).toMatchObject({ code: 'unsupported' })
  expect((await near.call('engine::queue::list_topics', {})).error).toBeUndefined()
})

test('with the other engine away this one starts, refuses what it can not hand on, and works once the other is there', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([bridged(`ws://127.0.0.1:${port}`)])
  const near = await RawClient.connect(here.url)
  const taken: unknown[] = []
  await near.provided('a::on-order', (data) => void taken.push(data))
  near.send({
    type: 'registertrigger',
    id: randomUUID(),
    trigger_type: 'durable:subscriber',
    function_id: 'a::on-order',
    config: { topic: 'orders' },
  })
  const [published, enqueued] = await Promise.all([
    near.call('iii::durable::publish', { topic: 'orders', data: 1 }),
    near.call('work', {}, { action: { type: 'enqueue', queue: 'default' } }),
  ])
  expect(published.error).toMatchObject({
    code: 'durable_publish_failed',
    message: expect.stringMatching(/is not connected/) as string,
  })
  expect(enqueued.error!.message).toMatch(/is not connected/)
  await startRemoteEngine([MEMORY], port)
  await vi.waitUntil(
    async () => (await near.call('iii::durable::publish', { topic: 'orders', data: 2 })).error === undefined,
    { timeout: 15_000 },
  )
  await near.until(() => taken.includes(2), 'the message')
}, 30_000)
