// The settings of queues while the engine runs, over a whole engine: set as a user does (spec 03 §2.4, §3.4).
import { expect, test } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import type { RawClient } from '../../support/raw-client.ts'

async function start(config = '{}'): Promise<{ client: RawClient; folder: EngineFolder }> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, `{ name: iii-queue, config: ${config} }`)
  await folder.start({ watch: false })
  return { folder, client: await folder.connect() }
}

const enqueue = (client: RawClient, queue: string, payload: unknown = 1) =>
  client.call('f', payload, { action: { type: 'enqueue', queue } })

const payloads = (client: RawClient): unknown[] => client.calls('f').map(({ data }) => data)

test('46. queues that are set are there, `default` stays, those left out are gone, by both names of the worker', async () => {
  const { client } = await start('{ queue_configs: { old: {} } }')
  await client.provided('f', () => null)
  const set = (id: string, value: unknown) => client.call('configuration::set', { id, value })
  expect((await set('iii-queue', { queue_configs: { fresh: {} } })).error).toBeUndefined()
  for (const queue of ['fresh', 'default']) await enqueue(client, queue, queue)
  await client.until(() => payloads(client).length === 2, 'both jobs')
  expect((await enqueue(client, 'old')).error).toMatchObject({
    code: 'enqueue_error',
    message: expect.stringMatching(/'old' was not found/),
  })
  expect((await set('queue', { queue_configs: { other: {} } })).error).toBeUndefined()
  expect((await enqueue(client, 'other')).error).toBeUndefined()
})

test('47. what does not fit is refused, and the old settings go on', async () => {
  const { client } = await start('{ queue_configs: { old: {} } }')
  await client.provided('f', () => null)
  for (const [value, named] of [
    [{ adapter: { name: 'postgres' } }, 'postgres'],
    [{ queue_configs: { old: { concurrency: 0 } } }, '/queue_configs/old/concurrency'],
    [{ queue_configs: { old: { concurency: 1 } } }, 'concurency'],
  ] as const) {
    const { error } = await client.call('configuration::set', { id: 'iii-queue', value })
    expect(error).toMatchObject({ code: 'SCHEMA_INVALID', message: expect.stringContaining(named) })
  }
  expect((await enqueue(client, 'old')).error).toBeUndefined()
  await client.until(() => payloads(client).length === 1, 'the job')
})

test.each([
  ['\ud800', 'has half of a character in it'],
  ['a\nb', 'has a control character in it'],
  ['a\0b', 'has a control character in it'],
])('queue::define refuses the name %j, which a store would take for another one', async (queue, message) => {
  const { client } = await start()
  const { error } = await client.call('queue::define', { queue })
  expect(error).toMatchObject({ code: 'queue_define_failed', message: expect.stringContaining(message) })
  const set = await client.call('configuration::set', { id: 'iii-queue', value: { queue_configs: { [queue]: {} } } })
  expect(set.error).toMatchObject({ code: 'SCHEMA_INVALID' })
})

test('queue::define says all settings of its queue: what is left out has its default again', async () => {
  const { client } = await start(
    '{ queue_configs: { mail: { concurrency: 2, max_jobs: 1 }, other: { concurrency: 3 } } }',
  )
  const consumers = async (queue: string): Promise<unknown> =>
    ((await client.call('iii::queue::status', { queue })).result as { consumers: number }).consumers
  expect(await consumers('mail')).toBe(2)
  const { result } = await client.call('queue::define', { queue: 'mail', config: { max_retries: 5 } })
  expect(result).toEqual({ queue: 'mail', changed: true })
  expect(await consumers('mail')).toBe(10)
  for (const payload of [1, 2]) expect((await enqueue(client, 'mail', payload)).error).toBeUndefined()
  expect(await consumers('other')).toBe(3)
})

test('queue::define refuses what it does not know', async () => {
  const { client } = await start()
  const { error } = await client.call('queue::define', { queue: 'mail', confg: { concurrency: 2 } })
  expect(error).toMatchObject({
    code: 'deserialization_error',
    message: expect.stringContaining("unknown key 'confg'. Did you mean 'config'?"),
  })
  const mistyped = await client.call('queue::define', { queue: 'mail', config: { concurency: 2 } })
  expect(mistyped.error).toMatchObject({ code: 'queue_define_failed', message: expect.stringContaining('concurency') })
})

test('81. jobs that lack the field of a queue that has become fifo run one after the other', async () => {
  const { client } = await start()
  await client.call('queue::define', { queue: 'q', config: { concurrency: 5 } })
  await client.call('iii::queue::pause', { queue: 'q' })
  for (const n of [1, 2, 3]) await enqueue(client, 'q', { n })
  const fifo = { type: 'fifo', message_group_field: 'g', concurrency: 5 }
  expect((await client.call('queue::define', { queue: 'q', config: fifo })).error).toBeUndefined()
  let running = 0
  let most = 0
  await client.provided('f', async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return null
  })
  await client.call('iii::queue::resume', { queue: 'q' })
  await client.until(() => payloads(client).length === 3, 'all of them')
  expect(payloads(client)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  expect(most).toBe(1)
})
