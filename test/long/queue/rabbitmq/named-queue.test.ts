// What stands on the broker for a named queue, which others read and write as well, and what happens where somebody changes it.
import { randomUUID } from 'node:crypto'
import type { GetMessage } from 'amqplib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deliveriesOf } from '../../../../plugins/queue/adapters.ts'
import { namedQueue } from '../../../../plugins/queue/adapters/backend.ts'
import { DONE, FAILED, queueRun } from '../../../plugins/queue/backend-run.ts'
import { lacks } from '../../../support/needs.ts'
import { named, rabbitScene } from './rabbit-scene.ts'
import { startRecordingProxy, tableEntry } from './recording-proxy.ts'

describe.skipIf(lacks('rabbitmq-server'))('a named queue on the broker (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('49. has its six objects with the arguments of iii, which declares them again without a complaint', async () => {
    const name = `pay-${randomUUID()}`
    await scene.run({ backoffMs: 700, maxPriority: 9 }, name)
    const channel = await scene.other()
    const base = `iii.__fn_queue::${name}`
    const priority = { 'x-max-priority': { '!': 'int32', value: 9 } }
    for (const end of ['', '::retry', '::dlq']) {
      await channel.checkExchange(base + end)
      await channel.checkQueue(`${base}${end}.queue`)
    }
    for (const exchange of [base, `${base}::retry`, `${base}::dlq`])
      await channel.assertExchange(exchange, 'direct', { durable: true })
    await channel.assertQueue(`${base}.queue`, {
      durable: true,
      arguments: { 'x-dead-letter-exchange': `${base}::dlq`, ...priority },
    })
    await channel.assertQueue(`${base}::retry.queue`, {
      durable: true,
      arguments: {
        'x-message-ttl': { '!': 'uint32', value: 700 },
        'x-dead-letter-exchange': base,
        'x-dead-letter-routing-key': name,
        ...priority,
      },
    })
    await channel.assertQueue(`${base}::dlq.queue`, { durable: true })
    for (const end of ['', '::retry', '::dlq']) channel.publish(base + end, name, Buffer.from('{}'))
    await expect.poll(async () => (await channel.checkQueue(`${base}::dlq.queue`)).messageCount).toBe(1)
    // Its own, and the one whose wait has ended.
    await expect.poll(async () => (await channel.checkQueue(`${base}.queue`)).messageCount, { timeout: 5_000 }).toBe(2)
  })

  test('a job is its payload, with its id and what is known of it in properties and headers', async () => {
    const { putWith, queue } = await scene.run()
    const members = { id: 'receipt', functionId: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1', priority: 3 }
    await putWith({ a: 1.5 }, members)
    const { content, properties } = (await (
      await scene.other()
    ).get(named(queue.name).main, { noAck: true })) as GetMessage
    expect(content.toString()).toBe('{"a":1.5}')
    expect(properties).toMatchObject({
      messageId: 'receipt',
      priority: 3,
      contentType: 'application/json',
      deliveryMode: 2,
      headers: { function_id: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1' },
    })
    expect(properties.headers).not.toHaveProperty('x-attempt')
  })

  test('80. attempts and arguments have the AMQP types that iii reads, on the way to the broker and back', async () => {
    const proxy = await startRecordingProxy(scene.server.port)
    onTestFinished(() => proxy.close())
    const backend = await scene.openAt(`amqp://guest:guest@127.0.0.1:${proxy.port}`)
    onTestFinished(() => backend.close(1_000))
    const { put, consume, settled } = await queueRun(backend, { backoffMs: 20, maxPriority: 5 })
    await put('x')
    await consume(() => FAILED)
    await settled.take(3)
    for (const entry of [
      tableEntry('x-message-ttl', 'i', 20),
      tableEntry('x-max-priority', 'I', 5),
      tableEntry('x-attempt', 'i', 1),
      tableEntry('x-attempt', 'i', 2),
    ])
      expect(proxy.sent().includes(entry)).toBe(true)
    expect(proxy.received().includes(tableEntry('x-attempt', 'i', 2))).toBe(true)
  })

  test('50. max_retries comes beside the first delivery, with the same wait each time', async () => {
    const adapter = { name: 'rabbitmq' }
    expect([0, 3].map((retries) => deliveriesOf(adapter, retries))).toEqual([1, 4])
    expect([0, 3].map((retries) => deliveriesOf(null, retries))).toEqual([1, 3])
    const { put, consume, settled } = await scene.run({ maxAttempts: 4, backoffMs: 60 })
    const times: number[] = []
    await put('x')
    await consume(() => (times.push(performance.now()), FAILED))
    expect((await settled.take(4)).map(({ how }) => how.kind)).toEqual(['retry', 'retry', 'retry', 'dead'])
    for (const index of [1, 2, 3]) expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(59)
  })

  test('the larger priority goes first where the queue has priorities, and is kept for the next attempt', async () => {
    const { putWith, consume, begun } = await scene.run({ concurrency: 1, maxPriority: 10 })
    await putWith('low', {})
    await putWith('high', { priority: 7 })
    await putWith('middle', { priority: 3 })
    await consume()
    expect(await begun.take(3)).toEqual(['high', 'middle', 'low'])
    const failing = await scene.run({ maxPriority: 10, maxAttempts: 2 })
    await failing.putWith('x', { priority: 7 })
    await failing.consume(() => FAILED)
    expect((await failing.settled.take(2)).map(({ job }) => job.priority)).toEqual([7, 7])
  })

  test('jobs of iii are run: without our headers, with a signed attempt, with no id', async () => {
    const { queue, consume, settled } = await scene.run({ maxAttempts: 2 })
    const channel = await scene.other()
    const exchange = `iii.__fn_queue::${queue.name}`
    const headers = { function_id: 'theirs', 'x-attempt': { '!': 'int32', value: 1 } }
    channel.publish(exchange, queue.name, Buffer.from('{"n": 1.0}'), { headers })
    await consume(() => FAILED)
    const [{ job, how }] = (await settled.take(1)) as [any]
    expect(job).toMatchObject({ functionId: 'theirs', data: '{"n": 1.0}', attempts: 2 })
    expect([how.kind, job.id]).toEqual(['dead', expect.stringMatching(/^dlq-[0-9a-f]{16}$/)])
  })

  test('what is no JSON goes to the dead letters, and can be listed and discarded there', async () => {
    const { queue, backend, consume, begun, put } = await scene.run()
    const channel = await scene.other()
    channel.publish(`iii.__fn_queue::${queue.name}`, queue.name, Buffer.from('{"half":'))
    await consume()
    await put('good')
    expect(await begun.take(1)).toEqual(['good'])
    await expect.poll(async () => (await backend.stats(queue)).dead).toBe(1)
    const [letter] = await backend.deadLetters(queue, { offset: 0, limit: 5, order: 'newest' })
    expect(letter).toMatchObject({
      sizeBytes: 8,
      job: { id: expect.stringMatching(/^dlq-/), data: '"{\\"half\\":"' },
    })
    expect(await backend.discard(queue, { ids: [letter!.job.id] })).toBe(1)
  })

  test('a dead letter keeps the attempt that it had, as one that the broker moved, and a redrive begins anew', async () => {
    const { queue, backend, put, consume, settled } = await scene.run({ maxAttempts: 2 })
    await put('x')
    const consumption = await consume(() => FAILED)
    await settled.take(2)
    await consumption.stop(1_000)
    const channel = await scene.other()
    const dead = (await channel.get(named(queue.name).dead)) as GetMessage
    expect(dead.properties.headers).toMatchObject({ 'x-attempt': 1, function_id: 'test::f' })
    channel.nack(dead, false, true)
    await expect.poll(async () => (await channel.checkQueue(named(queue.name).dead)).messageCount).toBe(1)
    expect(await backend.redrive(queue, 'all')).toBe(1)
    const again = (await channel.get(named(queue.name).main, { noAck: true })) as GetMessage
    expect(again.properties.headers).not.toHaveProperty('x-attempt')
  })

  test('other settings than those on the broker are refused in words, and the old ones stay', async () => {
    const { declare, put, consume, begun, queue } = await scene.run({ backoffMs: 500 })
    const message = new RegExp(`${queue.name}.*other settings.*x-message-ttl.*backoff_ms and max_priority`)
    await expect(declare({ backoffMs: 600 })).rejects.toMatchObject({
      code: 'queue_define_failed',
      message: expect.stringMatching(message),
    })
    await put('x')
    await consume()
    expect(await begun.take(1)).toEqual(['x'])
  })

  test('what a broker can not do is refused, and names the adapter', async () => {
    const { declare, queue, backend } = await scene.run()
    const refused = { code: 'unsupported', message: expect.stringContaining('rabbitmq') }
    await expect(declare({ maxBytes: 1 })).rejects.toMatchObject(refused)
    expect(await backend.stats(queue)).toMatchObject({ waiting: 0 })
  })

  test('51. a queue without objects on the broker has nothing, and consumers go on', async () => {
    const { backend, put, consume, begun } = await scene.run()
    await consume()
    const unknown = namedQueue(`unknown-${randomUUID()}`)
    expect(await backend.deadLetters(unknown, { offset: 0, limit: 5, order: 'newest' })).toEqual([])
    expect(await backend.backlog('no such topic')).toBe(0)
    await put('x')
    expect(await begun.take(1)).toEqual(['x'])
  })

  test('a job that is delayed for longer waits on the broker, through several queues', async () => {
    const { putWith, consume, begun, queue, backend } = await scene.run()
    const runAt = Date.now() + 3_600
    await putWith('later', { runAt })
    expect(await backend.stats(queue)).toMatchObject({ waiting: 0, delayed: 1 })
    let deliveredAt = 0
    await consume(() => ((deliveredAt = Date.now()), DONE))
    await begun.take(1, 10_000)
    expect(deliveredAt).toBeGreaterThanOrEqual(runAt)
    expect(deliveredAt - runAt).toBeLessThan(1_000)
  })

  test('a queue that somebody deletes is made again, for publishers and consumers', async () => {
    const { put, consume, begun, queue } = await scene.run()
    const channel = await scene.other()
    await consume()
    await put(1)
    await begun.take(1)
    await channel.deleteQueue(named(queue.name).main)
    await put(2)
    expect(await begun.take(2)).toEqual([1, 2])
  })

  test('an exchange that somebody deletes is made again after the publisher was told', async () => {
    const { put, consume, begun, queue, backend } = await scene.run()
    const topic = `t-${randomUUID()}`
    await backend.publish(topic, { data: '1' })
    await consume()
    const channel = await scene.other()
    await channel.deleteExchange(`iii.__fn_queue::${queue.name}`)
    await expect(put('refused')).rejects.toThrow(/has not said that it stored.*NOT_FOUND|may be stored or not/)
    await put('stored')
    expect(await begun.take(1)).toEqual(['stored'])
    await backend.publish(topic, { data: '2' })
    await channel.deleteExchange(`iii.${topic}.exchange`)
    await expect(backend.publish(topic, { data: 'refused' })).rejects.toThrow(/may be stored or not/)
    expect(await backend.publish(topic, { data: '3' })).toBe(1)
    expect(await backend.backlog(topic)).toBe(3)
  })

  test('a paused queue is paused for an engine that comes later', async () => {
    const first = await scene.run({}, `q-${randomUUID()}`)
    await first.put('x')
    await first.backend.setPaused(first.queue, true)
    const second = await scene.run({}, first.queue.name)
    await second.consume()
    expect(await second.backend.stats(second.queue)).toMatchObject({ paused: true, waiting: 1 })
    expect(second.begun.items).toEqual([])
    await second.backend.setPaused(second.queue, false)
    expect(await second.begun.take(1)).toEqual(['x'])
  })
})
