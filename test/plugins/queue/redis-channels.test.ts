// Topics that are shared with iii engines, which know them as channels.
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Job } from '../../../plugins/queue/job.ts'
import { QUEUE_DEFAULTS } from '../../../plugins/queue/settings.ts'
import { Collector } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { DONE } from './backend-run.ts'
import { redisEngine, sharedServer } from './redis-engines.ts'

describe.skipIf(lacks('redis-server'))('topics shared with iii engines (needs redis-server)', () => {
  const shared = sharedServer({ args: ['--appendfsync', 'everysec'] })

  const scene = async () => {
    const topic = `topic ü ${randomUUID()}`
    const options = { sharesChannels: true, leaseMs: 300 }
    const engines = [
      await redisEngine(shared.server.url, options),
      await redisEngine(shared.server.url, options),
    ] as const
    const jobs = new Collector<Job>()
    for (const { backend } of engines) {
      const ref = await backend.subscribe({ topic, functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
      await backend.consume(ref, { deliver: async (delivery) => (jobs.add(delivery.job), DONE) })
    }
    const client = shared.server.client()
    const isHeard = async (): Promise<boolean> => (await subscribers(client, topic)) === 1
    await expect.poll(isHeard).toBe(true)
    return { topic, engines, jobs, client }
  }

  test('what an iii engine publishes is stored once, with its trace', async () => {
    const { topic, jobs, client } = await scene()
    const trace = { traceparent: '00-1-2-01', baggage: null }
    await client.publish(topic, `{"__trace":${JSON.stringify(trace)},"data":{"n":1.50,"big":12345678901234567890}}`)
    await client.publish(topic, '{"__trace":1,"data":2}')
    await client.publish(topic, 'no JSON')
    await client.publish(topic, '"last"')
    const got = await jobs.take(3)
    expect(got.map(({ data }) => data)).toEqual([
      '{"n":1.50,"big":12345678901234567890}',
      '{"__trace":1,"data":2}',
      '"last"',
    ])
    expect(got[0]).toMatchObject({ traceparent: trace.traceparent, functionId: 'f', attempts: 0 })
    expect(got[0]!.baggage).toBeUndefined()
    expect(jobs.items).toHaveLength(3)
  })

  test('what is published here reaches iii engines, and our subscribers once', async () => {
    const { topic, engines, jobs, client } = await scene()
    const foreign = client.duplicate()
    onTestFinished(() => foreign.disconnect())
    const heard = new Collector<unknown>()
    foreign.on('message', (_channel, text) => heard.add(JSON.parse(text)))
    await foreign.subscribe(topic)
    expect(await engines[1].backend.publish(topic, { data: '{"a":1}', traceparent: '00-3-4-01' })).toBe(1)
    const [message] = await heard.take(1)
    expect(message).toMatchObject({ __trace: { traceparent: '00-3-4-01', baggage: null }, data: { a: 1 } })
    await client.publish(topic, '"end"')
    expect((await jobs.take(2)).map(({ data }) => data)).toEqual(['{"a":1}', '"end"'])
  })

  test('when the engine that listens dies another one does', async () => {
    const { topic, engines, jobs, client } = await scene()
    const listener = await client.get('queue::listener')
    const dying = engines.find(({ backend }) => backend.engine === listener)!
    await dying.kill()
    await expect.poll(() => client.get('queue::listener'), { timeout: 5_000 }).not.toBe(listener)
    await expect.poll(() => subscribers(client, topic), { timeout: 5_000 }).toBe(1)
    await client.publish(topic, '"after"')
    expect((await jobs.take(1))[0]!.data).toBe('"after"')
  })

  test('nobody listens to a topic that has no subscription any more', async () => {
    const { topic, engines, client } = await scene()
    const subscription = { topic, functionId: 'f', namespace: 'default' }
    for (const { backend } of engines) await backend.unsubscribe(subscription)
    await expect.poll(() => subscribers(client, topic)).toBe(0)
  })
})

async function subscribers(client: Redis, channel: string): Promise<number> {
  const [, count] = (await client.pubsub('NUMSUB', channel)) as [string, number]
  return count
}
