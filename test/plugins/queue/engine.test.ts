// Queues over a whole engine: workers on sockets with the SDKs from npm, the router, the plugin in its thread.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { RawClient } from '../../support/raw-client.ts'
import { connectSdk, failureOf, V11, V22 } from '../../clients/versions.ts'
import { startQueueEngine, type QueueEngine } from './queue-engine.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let running: QueueEngine
beforeAll(async () => {
  running = await startQueueEngine('{ queue_configs: { pay: { type: fifo, message_group_field: tx } } }')
})
afterAll(() => running?.close())

describe.each([V11, V22])('iii-sdk $name', (version) => {
  const id = (name: string): string => `${name}-${version.name}`
  const enqueue = (queue: string) => ({ type: 'enqueue', queue })

  test('2. Enqueue answers with a receipt, and the function gets the payload', async () => {
    const client = connectSdk(version, running.engine.url)
    const got = new Collector<unknown>()
    client.registerFunction(id('queued'), got.add)
    const payload = { a: [1, { b: null }], text: 'ü "quoted"' }
    const receipt = await client.trigger({ function_id: id('queued'), payload, action: enqueue('default') })
    expect(receipt).toEqual({ messageReceiptId: expect.stringMatching(UUID_V4) })
    expect(await got.take(1)).toEqual([payload])
  })

  test('3. an unknown queue is an enqueue_error that names it', async () => {
    const client = connectSdk(version, running.engine.url)
    const error = await failureOf(client.trigger({ function_id: id('f'), payload: {}, action: enqueue('nope') }))
    expect(error).toMatchObject({ code: 'enqueue_error', message: expect.stringMatching(/nope.* not found/) })
  })

  test.each([
    [{ amount: 1 }, /pay.*'tx' is not in the payload/],
    [{ tx: null }, /pay.*'tx' is null/],
    ['str', /pay.*'tx' cannot be read/],
  ])('4. a fifo queue refuses the payload %j', async (payload, message) => {
    const client = connectSdk(version, running.engine.url)
    const error = await failureOf(client.trigger({ function_id: id('f'), payload, action: enqueue('pay') }))
    expect(error).toMatchObject({ code: 'enqueue_error', message: expect.stringMatching(message) })
  })
})

test('18. an Enqueue that wants no answer gets none, whatever becomes of it', async () => {
  const client = await RawClient.connect(running.engine.url)
  await client.settled()
  const before = client.frames.length
  for (const queue of ['nope', 'default']) {
    client.send({ type: 'invokefunction', function_id: 'nobody', data: {}, action: { type: 'enqueue', queue } })
  }
  await client.settled()
  // The queue has answered this one after those.
  await client.call('engine::queue::enqueue', { queue: 'nope', function_id: 'f', data: 1, messageReceiptId: 'r' })
  expect(client.frames.slice(before).map(({ type }) => type)).toEqual(['pong', 'invocationresult'])
})

test('70. while the plugin runs, nobody else provides the function behind the action', async () => {
  const client = await RawClient.connect(running.engine.url)
  await client.provided('engine::queue::enqueue', () => ({}))
  expect(client.of('registrationrejected')).toHaveLength(1)
})

test('a reload under load loses nothing, and repeats nothing that ends in time', async () => {
  const client = await RawClient.connect(running.engine.url)
  const got = new Collector<number>()
  await client.provided('work', async (n: never) => {
    await new Promise((resolve) => setImmediate(resolve))
    got.add(n)
    return null
  })
  const sent = Array.from({ length: 400 }, (_, n) => n)
  const receipts = sent.map((n) => client.call('work', n, { action: { type: 'enqueue', queue: 'default' } }))
  await got.take(20)
  const reloaded = await client.call('engine::plugins::reload', { name: 'iii-queue' })
  expect(reloaded.error).toBeUndefined()
  const answers = await Promise.all(receipts)
  expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
  await got.take(sent.length, 10_000)
  const marker = new Collector<unknown>()
  await client.provided('marker', marker.add as never)
  await client.call('marker', 1, { action: { type: 'enqueue', queue: 'default' } })
  await marker.take(1)
  expect(got.items.toSorted((one, other) => one - other)).toEqual(sent)
})
