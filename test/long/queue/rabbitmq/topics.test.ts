// What stands on the broker for a topic, as iii has it.
import { randomUUID } from 'node:crypto'
import type { GetMessage } from 'amqplib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { QUEUE_DEFAULTS } from '../../../../plugins/queue/settings.ts'
import { DONE, FAILED } from '../../../plugins/queue/backend-run.ts'
import { lacks } from '../../../support/needs.ts'
import { rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('topics on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('two subscriptions that would have one queue on the server are told apart, or refused', async () => {
    const backend = await scene.open()
    onTestFinished(() => backend.close(1_000))
    const topic = randomUUID()
    const subscribe = (name: string, functionId: string) =>
      backend.subscribe({ topic: name, functionId, namespace: 'default' }, QUEUE_DEFAULTS)
    await subscribe(topic, 'b.c')
    await subscribe(topic, 'c')
    await expect(subscribe(`${topic}.b`, 'c')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`iii.${topic}.b.c@default.queue`),
    })
    await subscribe(topic, 'b.c')
  })

  describe('a topic on the broker', () => {
    const subscribed = async (functionId: string, namespace = 'default') => {
      const backend = await scene.openAt(scene.server.url, { max_attempts: 5, priority_field: 'p' })
      onTestFinished(() => backend.close(1_000))
      const topic = `t@\\-${randomUUID()}`
      const subscription = { topic, functionId, namespace }
      const ref = await backend.subscribe(subscription, { ...QUEUE_DEFAULTS, maxAttempts: 2 })
      const escaped = topic.replace(/[\\@]/g, '\\$&')
      return { backend, topic, ref, escaped }
    }

    test('has the exchange with its own name, and queues with escaped ones', async () => {
      const { topic, escaped } = await subscribed('f@x', 'n\\s')
      const channel = await scene.other()
      await channel.checkExchange(`iii.${topic}.exchange`)
      await channel.assertExchange(`iii.${topic}.exchange`, 'fanout', { durable: true })
      for (const end of ['queue', 'dlq']) {
        const name = `iii.${escaped}.f\\@x@n\\\\s.${end}`
        await channel.checkQueue(name)
        await channel.assertQueue(name, { durable: true })
      }
    })

    test('a message is the whole job, with the attempts of the adapter and the payload as it was', async () => {
      const { backend, topic, escaped } = await subscribed('f')
      const data = '{"p":4,"n": 1.0}'
      await backend.publish(topic, { data, traceparent: 't', baggage: 'b=1' })
      const { content, properties } = (await (
        await scene.other()
      ).get(`iii.${escaped}.f@default.queue`, { noAck: true })) as GetMessage
      const text = content.toString()
      expect(text).toContain(data)
      expect(JSON.parse(text)).toEqual({
        id: expect.any(String),
        topic,
        data: { p: 4, n: 1 },
        attempts_made: 0,
        max_attempts: 5,
        created_at: expect.any(Number),
        traceparent: 't',
        baggage: 'b=1',
        priority: 4,
      })
      const { id, created_at } = JSON.parse(text) as { id: string; created_at: number }
      expect(properties.headers).toMatchObject({
        'x-iii-job-id': id,
        'x-iii-attempts': 0,
        'x-iii-max-attempts': 5,
        'x-iii-created-at': `${created_at}`,
      })
    })

    test('a message of iii is delivered to the function, its header counts before its body, and it dies with its error', async () => {
      const { backend, topic, ref, escaped } = await subscribed('f')
      const channel = await scene.other()
      const body = { id: 'theirs', topic, data: { x: 1 }, attempts_made: 0, max_attempts: 3, created_at: 5 }
      channel.publish(`iii.${topic}.exchange`, '', Buffer.from(JSON.stringify(body)), {
        headers: { 'x-iii-attempts': { '!': 'uint32', value: 1 } },
      })
      const got = Promise.withResolvers<unknown>()
      await backend.consume(ref, {
        deliver: async () => FAILED,
        settled: (job, how) => got.resolve([job, how]),
      })
      expect(await got.promise).toMatchObject([
        { id: 'theirs', functionId: 'f', data: '{"x":1}', attempts: 2, createdAt: 5 },
        { kind: 'dead' },
      ])
      const [letter] = await backend.deadLetters(ref, { offset: 0, limit: 5, order: 'newest' })
      expect(letter).toMatchObject({ job: { id: 'theirs', data: '{"x":1}' }, error: { code: 'boom' }, sizeBytes: 7 })
      const dead = (await channel.get(`iii.${escaped}.f@default.dlq`, { noAck: true })) as GetMessage
      expect(JSON.parse(dead.content.toString())).toMatchObject({
        job: { id: 'theirs', data: { x: 1 } },
        error: 'boom: it broke',
        exhausted_at: expect.any(Number),
      })
    })
  })

  test('a delayed message of a topic is delivered at its time', async () => {
    const backend = await scene.open()
    onTestFinished(() => backend.close(1_000))
    const topic = `t-${randomUUID()}`
    const ref = await backend.subscribe({ topic, functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
    const runAt = Date.now() + 1_300
    await backend.publish(topic, { data: '1', runAt })
    const got = Promise.withResolvers<number>()
    await backend.consume(ref, { deliver: async () => (got.resolve(Date.now()), DONE) })
    expect(await got.promise).toBeGreaterThanOrEqual(runAt)
  })
})
