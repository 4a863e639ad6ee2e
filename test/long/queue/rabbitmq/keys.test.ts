// Deduplication on RabbitMQ: one engine decides for all, and what it knew another one knows after it, and after a restart of the server.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Backend, Stored } from '../../../../plugins/queue/adapters/backend.ts'
import { QUEUE_DEFAULTS } from '../../../../plugins/queue/settings.ts'
import type { QueueRun } from '../../../plugins/queue/backend-run.ts'
import { lacks } from '../../../support/needs.ts'
import { rabbitScene } from './rabbit-scene.ts'

const dedup = (key: string, windowMs = 600_000) => ({ dedup: { key, windowMs } })

describe.skipIf(lacks('rabbitmq-server'))('deduplication on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()
  const waiting = async ({ backend, queue }: QueueRun): Promise<number> => (await backend.stats(queue)).waiting

  test('a key stands for one job on all engines together, also where all of them send it at once', async () => {
    const name = `q-${randomUUID()}`
    const runs = [await scene.run({}, name), await scene.run({}, name), await scene.run({}, name)]
    const sent: Promise<Stored>[] = []
    for (let round = 0; round < 30; round++)
      for (const { putWith } of runs) sent.push(putWith(round, dedup(`key ${round % 10}`)))
    const all = await Promise.all(sent)
    expect(all.filter(({ stored }) => stored)).toHaveLength(10)
    expect(new Set(all.map(({ id }) => id)).size).toBe(10)
    expect(await waiting(runs[0]!)).toBe(10)
  })

  test('when the engine that decides ends, the next one knows its keys', async () => {
    const name = `q-${randomUUID()}`
    const one = await scene.run({}, name)
    const first = await one.putWith(1, dedup('k'))
    const two = await scene.run({}, name)
    expect(await two.putWith(2, dedup('k'))).toEqual({ stored: false, id: first.id })
    await one.backend.close(1_000)
    expect(await two.putWith(3, dedup('k'))).toEqual({ stored: false, id: first.id })
    expect(await two.putWith(4, dedup('other'))).toMatchObject({ stored: true })
    expect(await waiting(two)).toBe(2)
  })

  test('keys outlive a server that is killed', async () => {
    const run = await scene.run()
    const first = await run.putWith(1, dedup('k'))
    const short = await run.putWith(2, dedup('short', 1))
    // What has just been declared it writes to the disk a while after it has said so.
    await scene.server.control('eval', 'mnesia:sync_log().')
    await scene.server.restart()
    await expect.poll(() => run.backend.state).toBe('connected')
    expect(await run.putWith(3, dedup('k'))).toEqual({ stored: false, id: first.id })
    expect(await run.putWith(4, dedup('short', 1))).not.toMatchObject({ id: short.id })
    expect(await waiting(run)).toBe(3)
  })

  test('what refuses a job refuses one with a key, which stands for nothing then', async () => {
    const run = await scene.run({ maxJobs: 1 })
    await run.putWith(1, dedup('a'))
    await expect(run.putWith(2, dedup('b'))).rejects.toMatchObject({
      code: 'queue_full',
      message: expect.stringContaining('max_jobs allows 1'),
    })
    await run.consume()
    await run.settled.take(1)
    expect(await run.putWith(3, dedup('b'))).toMatchObject({ stored: true })
  })

  test('everything that a job comes with is kept', async () => {
    const run = await scene.run({ type: 'fifo' })
    const members = { id: 'x', functionId: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1', group: 'g' }
    await run.putWith({ n: 1.5 }, { ...members, ...dedup('k') })
    await run.consume()
    expect((await run.settled.take(1))[0]).toMatchObject({ data: { n: 1.5 }, job: members })
  })

  test('a message of a topic is published once for its key, to whoever is subscribed', async () => {
    const engines: Backend[] = [await scene.open(), await scene.open()]
    for (const backend of engines) onTestFinished(() => backend.close(1_000))
    const topic = `t-${randomUUID()}`
    const ref = await engines[0]!.subscribe({ topic, functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
    const publish = (backend: Backend, data: string) => backend.publish(topic, { data, ...dedup('k') })
    expect(await publish(engines[0]!, '1')).toBe(1)
    expect(await publish(engines[1]!, '2')).toBe(0)
    expect(await engines[0]!.stats(ref)).toMatchObject({ waiting: 1 })
  })
})
