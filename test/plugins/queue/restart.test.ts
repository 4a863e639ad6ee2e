// Queues over a whole engine that is killed, or ended and started again: what was acknowledged is still to come.
import { expect, onTestFinished, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'

async function queueFolder(config = ''): Promise<EngineFolder> {
  const folder = await engineFolder(`  - name: configuration\n  - name: iii-queue\n    config: { ${config} }\n`)
  onTestFinished(() => folder.remove())
  return folder
}

async function enqueue(client: RawClient, functionId: string, data: unknown, members: object = {}): Promise<void> {
  const outcome = await client.call(functionId, data, { action: { type: 'enqueue', queue: 'default', ...members } })
  expect(outcome).toMatchObject({ result: { messageReceiptId: expect.any(String) } })
}

test('43. jobs whose function is missing when the engine is killed run afterwards', async () => {
  const folder = await queueFolder()
  const engine = await folder.start()
  const client = await RawClient.connect(folder.url)
  for (let n = 0; n < 5; n++) await enqueue(client, 'late', n)
  await engine.kill()
  await client.closed
  await folder.start()
  const worker = await RawClient.connect(folder.url)
  const got = new Collector<number>()
  worker.provide('late', got.add as never)
  await got.take(5)
  expect(new Set(got.items)).toEqual(new Set([0, 1, 2, 3, 4]))
}, 60_000)

test('44. a job that ran when the engine was killed runs again; dead letters and delayed jobs are kept', async () => {
  const folder = await queueFolder('queue_configs: { once: { max_retries: 1 } }')
  const engine = await folder.start()
  const client = await RawClient.connect(folder.url)
  const began = new Collector<unknown>()
  client.provide('hangs', (data) => {
    began.add(data)
    return new Promise(() => {})
  })
  const failed = new Collector<unknown>()
  client.provide('fails', (data) => {
    failed.add(data)
    throw new Error('no')
  })
  await enqueue(client, 'fails', 'dead', { queue: 'once' })
  await failed.take(1)
  await enqueue(client, 'delayed', 'later', { delay_ms: 2_000 })
  await enqueue(client, 'hangs', 'running')
  await began.take(1)
  await engine.kill()
  await client.closed

  await folder.start()
  const worker = await RawClient.connect(folder.url)
  const got = new Collector<unknown>()
  for (const id of ['hangs', 'fails', 'delayed']) worker.provide(id, got.add as never)
  expect(await got.take(2)).toEqual(['running', 'later'])
}, 60_000)

test('20. 75. a queue that was made at run time is there after a restart, which is seen from the rows of the engine', async () => {
  const folder = await queueFolder()
  const engine = await folder.start()
  const client = await RawClient.connect(folder.url)
  const define = async (input: object) => (await client.call('queue::define', input)).result
  expect(await define({ queue: 'dyn', config: { concurrency: 2 } })).toEqual({ queue: 'dyn', changed: true })
  expect(await define({ queue: 'dyn', config: { concurrency: 2 } })).toEqual({ queue: 'dyn', changed: false })
  expect(await define({ queue: 'default', config: { concurrency: 1 } })).toEqual({ queue: 'default', changed: true })
  expect(await define({ queue: 'default', config: { concurrency: 1 } })).toEqual({ queue: 'default', changed: false })
  const both = await Promise.all([define({ queue: 'a' }), define({ queue: 'b' })])
  expect(both).toEqual([
    { queue: 'a', changed: true },
    { queue: 'b', changed: true },
  ])
  for (const [input, message] of [
    [{ queue: ' ' }, /must not be empty/],
    [{ queue: 'x ' }, /blanks/],
    [{ queue: 'x', config: { concurrency: 0 } }, /queue_configs.x.concurrency/],
    [{ queue: 'x', config: { type: 'fifo' } }, /'x' is fifo and has no message_group_field/],
  ] as const) {
    const { error } = await client.call('queue::define', input)
    expect(error).toMatchObject({ code: 'queue_define_failed', message: expect.stringMatching(message) })
  }
  await enqueue(client, 'f', 1, { queue: 'dyn' })
  const started = await startOf(client)
  expect((await client.call('engine::plugins::reload', { name: 'iii-queue' })).error).toBeUndefined()
  expect(await startOf(client)).toBe(started)
  expect(await engine.stop()).toBe(0)
  await folder.start()
  const again = await RawClient.connect(folder.url)
  expect(await startOf(again)).toBeGreaterThan(started)
  const got = new Collector<unknown>()
  again.provide('f', got.add as never)
  await enqueue(again, 'f', 2, { queue: 'dyn' })
  await enqueue(again, 'f', 3, { queue: 'a' })
  await enqueue(again, 'f', 4, { queue: 'b' })
  await got.take(4)
  expect(got.items.toSorted()).toEqual([1, 2, 3, 4])
}, 60_000)

/** As a stand-alone queue worker looks for it, to notice a restart (spec 03 §3.10). */
async function startOf(client: RawClient): Promise<number> {
  const { result } = await client.call('engine::workers::list')
  const { workers } = result as { workers: { runtime: string; connected_at_ms: number }[] }
  return Math.min(...workers.filter(({ runtime }) => runtime === 'engine').map((row) => row.connected_at_ms))
}
