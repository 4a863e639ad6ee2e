// Queues over a whole engine: workers on sockets with the SDKs from npm, the router, the plugin in its thread.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
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
