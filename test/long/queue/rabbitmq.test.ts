// The backend on a real RabbitMQ server: the cases of all backends, and what stands on the broker, which others read and write as well.
import { randomUUID } from 'node:crypto'
import { connect, type Channel, type GetMessage } from 'amqplib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../base/time/clock.ts'
import { deliveriesOf } from '../../../plugins/queue/adapters.ts'
import { namedQueue, type Backend } from '../../../plugins/queue/adapters/backend.ts'
import { RABBIT_LIMITS, type RabbitLimits } from '../../../plugins/queue/adapters/rabbitmq/limits.ts'
import { openRabbit } from '../../../plugins/queue/adapters/rabbitmq/open-rabbit.ts'
import { RabbitBackend } from '../../../plugins/queue/adapters/rabbitmq/rabbit-backend.ts'
import { RabbitConnection } from '../../../plugins/queue/adapters/rabbitmq/rabbit-connection.ts'
import { readRabbitSettings } from '../../../plugins/queue/adapters/rabbitmq/rabbit-settings.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../../plugins/queue/settings.ts'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { backendCases } from '../../plugins/queue/backend-cases.ts'
import { DONE, FAILED, Gate, queueRun, type QueueRun } from '../../plugins/queue/backend-run.ts'
import { startQueueEngine } from '../../plugins/queue/queue-engine.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRabbit, type RabbitServer } from '../../support/rabbitmq-server.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { startRecordingProxy, tableEntry } from './recording-proxy.ts'

describe.skipIf(lacks('rabbitmq-server'))('on a server (needs rabbitmq-server)', () => {
  let server: RabbitServer
  beforeAll(async () => void (server = await startRabbit()))
  afterAll(() => server.stop())

  const openAt = async (url: string, config: Record<string, unknown> = {}): Promise<Backend> =>
    openRabbit({ config: { amqp_url: url, ...config }, projectRoot: '/', log: collectingLog() as never })
  const open = (): Promise<Backend> => openAt(server.url)
  const run = async (settings: Partial<QueueSettings> = {}, name?: string): Promise<QueueRun> => {
    const backend = await open()
    onTestFinished(() => backend.close(1_000))
    return queueRun(backend, settings, name)
  }
  /** A client of its own, as another program would have it. */
  const other = async (): Promise<Channel> => {
    const model = await connect(server.url)
    onTestFinished(() => model.close())
    const channel = await model.createChannel()
    channel.on('error', () => {})
    return channel
  }
  const named = (name: string) => ({
    main: `iii.__fn_queue::${name}.queue`,
    dead: `iii.__fn_queue::${name}::dlq.queue`,
  })

  backendCases('rabbitmq', open, {
    lacks: ['delayed', 'deduplication', 'priority order', 'growing back-off', 'byte limit', 'delay of a subscriber'],
  })

  describe('a named queue on the broker', () => {
    test('49. has its six objects with the arguments of iii, which declares them again without a complaint', async () => {
      const name = `pay-${randomUUID()}`
      await run({ backoffMs: 700, maxPriority: 9 }, name)
      const channel = await other()
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
      await expect
        .poll(async () => (await channel.checkQueue(`${base}.queue`)).messageCount, { timeout: 5_000 })
        .toBe(2)
    })

    test('a job is its payload, with its id and what is known of it in properties and headers', async () => {
      const { putWith, queue } = await run()
      const members = { id: 'receipt', functionId: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1', priority: 3 }
      await putWith({ a: 1.5 }, members)
      const { content, properties } = (await (await other()).get(named(queue.name).main, { noAck: true })) as GetMessage
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
      const proxy = await startRecordingProxy(server.port)
      onTestFinished(() => proxy.close())
      const backend = await openAt(`amqp://guest:guest@127.0.0.1:${proxy.port}`)
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
      const { put, consume, settled } = await run({ maxAttempts: 4, backoffMs: 60 })
      const times: number[] = []
      await put('x')
      await consume(() => (times.push(performance.now()), FAILED))
      expect((await settled.take(4)).map(({ how }) => how.kind)).toEqual(['retry', 'retry', 'retry', 'dead'])
      for (const index of [1, 2, 3]) expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(59)
    })

    test('the larger priority goes first where the queue has priorities, and is kept for the next attempt', async () => {
      const { putWith, consume, begun } = await run({ concurrency: 1, maxPriority: 10 })
      await putWith('low', {})
      await putWith('high', { priority: 7 })
      await putWith('middle', { priority: 3 })
      await consume()
      expect(await begun.take(3)).toEqual(['high', 'middle', 'low'])
      const failing = await run({ maxPriority: 10, maxAttempts: 2 })
      await failing.putWith('x', { priority: 7 })
      await failing.consume(() => FAILED)
      expect((await failing.settled.take(2)).map(({ job }) => job.priority)).toEqual([7, 7])
    })

    test('jobs of iii are run: without our headers, with a signed attempt, with no id', async () => {
      const { queue, consume, settled } = await run({ maxAttempts: 2 })
      const channel = await other()
      const exchange = `iii.__fn_queue::${queue.name}`
      const headers = { function_id: 'theirs', 'x-attempt': { '!': 'int32', value: 1 } }
      channel.publish(exchange, queue.name, Buffer.from('{"n": 1.0}'), { headers })
      await consume(() => FAILED)
      const [{ job, how }] = (await settled.take(1)) as [any]
      expect(job).toMatchObject({ functionId: 'theirs', data: '{"n": 1.0}', attempts: 2 })
      expect([how.kind, job.id]).toEqual(['dead', expect.stringMatching(/^dlq-[0-9a-f]{16}$/)])
    })

    test('what is no JSON goes to the dead letters, and can be listed and discarded there', async () => {
      const { queue, backend, consume, begun, put } = await run()
      const channel = await other()
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
      const { queue, backend, put, consume, settled } = await run({ maxAttempts: 2 })
      await put('x')
      const consumption = await consume(() => FAILED)
      await settled.take(2)
      await consumption.stop(1_000)
      const channel = await other()
      const dead = (await channel.get(named(queue.name).dead)) as GetMessage
      expect(dead.properties.headers).toMatchObject({ 'x-attempt': 1, function_id: 'test::f' })
      channel.nack(dead, false, true)
      await expect.poll(async () => (await channel.checkQueue(named(queue.name).dead)).messageCount).toBe(1)
      expect(await backend.redrive(queue, 'all')).toBe(1)
      const again = (await channel.get(named(queue.name).main, { noAck: true })) as GetMessage
      expect(again.properties.headers).not.toHaveProperty('x-attempt')
    })

    test('other settings than those on the broker are refused in words, and the old ones stay', async () => {
      const { declare, put, consume, begun, queue } = await run({ backoffMs: 500 })
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
      const { putWith, declare, queue, backend } = await run()
      const refused = { code: 'unsupported', message: expect.stringContaining('rabbitmq') }
      await expect(putWith(1, { dedup: { key: 'k', windowMs: 1_000 } })).rejects.toMatchObject(refused)
      await expect(declare({ dedupField: 'k' })).rejects.toMatchObject(refused)
      await expect(declare({ maxBytes: 1 })).rejects.toMatchObject(refused)
      await expect(backend.delayed(queue, { offset: 0, limit: 1 })).rejects.toMatchObject(refused)
      expect(await backend.stats(queue)).toMatchObject({ waiting: 0 })
      const subscription = { topic: queue.name, functionId: 'f', namespace: 'default' }
      const delayed = backend.subscribe(subscription, { ...QUEUE_DEFAULTS, delayMs: 1 })
      await expect(delayed).rejects.toMatchObject(refused)
      expect(await backend.subscriptions(queue.name)).toEqual([])
    })

    test('51. a queue without objects on the broker has nothing, and consumers go on', async () => {
      const { backend, put, consume, begun } = await run()
      await consume()
      const unknown = namedQueue(`unknown-${randomUUID()}`)
      expect(await backend.deadLetters(unknown, { offset: 0, limit: 5, order: 'newest' })).toEqual([])
      expect(await backend.backlog('no such topic')).toBe(0)
      await put('x')
      expect(await begun.take(1)).toEqual(['x'])
    })

    test('a job that is delayed for longer waits on the broker, through several queues', async () => {
      const { putWith, consume, begun, queue, backend } = await run()
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
      const { put, consume, begun, queue } = await run()
      const channel = await other()
      await consume()
      await put(1)
      await begun.take(1)
      await channel.deleteQueue(named(queue.name).main)
      await put(2)
      expect(await begun.take(2)).toEqual([1, 2])
    })

    test('an exchange that somebody deletes is made again after the publisher was told', async () => {
      const { put, consume, begun, queue, backend } = await run()
      const topic = `t-${randomUUID()}`
      await backend.publish(topic, { data: '1' })
      await consume()
      const channel = await other()
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
      const first = await run({}, `q-${randomUUID()}`)
      await first.put('x')
      await first.backend.setPaused(first.queue, true)
      const second = await run({}, first.queue.name)
      await second.consume()
      expect(await second.backend.stats(second.queue)).toMatchObject({ paused: true, waiting: 1 })
      expect(second.begun.items).toEqual([])
      await second.backend.setPaused(second.queue, false)
      expect(await second.begun.take(1)).toEqual(['x'])
    })
  })

  test('of a fifo queue one engine delivers the jobs, and another when it has ended', async () => {
    const settings = { type: 'fifo', concurrency: 4 } as const
    const first = await run(settings, `q-${randomUUID()}`)
    const second = await run(settings, first.queue.name)
    const consumption = await first.consume()
    await second.consume()
    for (let number = 0; number < 20; number++) await second.putWith(number, { group: `${number % 2}` })
    await first.settled.take(20)
    expect(second.begun.items).toEqual([])
    await consumption.stop(1_000)
    await second.putWith('next', { group: 'a' })
    expect(await second.begun.take(1)).toEqual(['next'])
  })

  test('engines share the jobs of a standard queue', async () => {
    const gate = new Gate()
    const first = await run({ concurrency: 2 }, `q-${randomUUID()}`)
    const second = await run({ concurrency: 2 }, first.queue.name)
    await first.consume(() => gate.pass())
    await second.consume(() => gate.pass())
    await first.put(1, 2, 3, 4, 5)
    await Promise.all([first.begun.take(2), second.begun.take(2)])
    gate.open()
    await expect.poll(() => first.settled.items.length + second.settled.items.length).toBe(5)
  })

  describe('a topic on the broker', () => {
    const subscribed = async (functionId: string, namespace = 'default') => {
      const backend = await openAt(server.url, { max_attempts: 5, priority_field: 'p' })
      onTestFinished(() => backend.close(1_000))
      const topic = `t@\\-${randomUUID()}`
      const subscription = { topic, functionId, namespace }
      const ref = await backend.subscribe(subscription, { ...QUEUE_DEFAULTS, maxAttempts: 2 })
      const escaped = topic.replace(/[\\@]/g, '\\$&')
      return { backend, topic, ref, escaped }
    }

    test('has the exchange with its own name, and queues with escaped ones', async () => {
      const { topic, escaped } = await subscribed('f@x', 'n\\s')
      const channel = await other()
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
        await other()
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
      const channel = await other()
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
    const backend = await open()
    onTestFinished(() => backend.close(1_000))
    const topic = `t-${randomUUID()}`
    const ref = await backend.subscribe({ topic, functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
    const runAt = Date.now() + 1_300
    await backend.publish(topic, { data: '1', runAt })
    const got = Promise.withResolvers<number>()
    await backend.consume(ref, { deliver: async () => (got.resolve(Date.now()), DONE) })
    expect(await got.promise).toBeGreaterThanOrEqual(runAt)
  })

  describe('limits', () => {
    const limited = async (changed: Partial<RabbitLimits>): Promise<Backend> => {
      const limits = { ...RABBIT_LIMITS, ...changed }
      const settings = readRabbitSettings({ amqp_url: server.url })
      const deps = { settings, log: collectingLog(), clock: systemClock, limits }
      const connection = new RabbitConnection({ ...settings, ...deps })
      await connection.open()
      const backend = new RabbitBackend({ ...deps, connection })
      onTestFinished(() => backend.close(1_000))
      return backend
    }

    test.each([{ maxUnconfirmed: 2 }, { maxUnconfirmedBytes: 30 }])(
      'jobs that wait to be stored: %j',
      async (limits) => {
        const { put, consume, begun } = await queueRun(await limited(limits))
        const stored = await Promise.allSettled([1, 2, 3, 4].map((n) => put(`payload ${n}`)))
        expect(stored.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
        expect((stored[2] as PromiseRejectedResult).reason).toMatchObject({ code: 'overloaded' })
        await put('after')
        await consume()
        expect(await begun.take(3)).toEqual(['payload 1', 'payload 2', 'after'])
      },
    )

    test.each([
      [{ maxIdle: 4 }, 7],
      [{ maxHeldBytes: 8 }, 3],
    ])('jobs in hand behind a busy group: %j leaves %i on the server', async (limits, left) => {
      const backend = await limited(limits)
      const { putWith, consume, begun, settled, queue } = await queueRun(backend, { type: 'fifo', concurrency: 2 })
      for (let number = 0; number < 12; number++) await putWith(number, { group: 'busy' })
      await putWith('other', { group: 'other' })
      const gate = new Gate()
      await consume((payload) => (payload === 0 ? gate.pass() : DONE))
      const channel = await other()
      await expect.poll(async () => (await channel.checkQueue(named(queue.name).main)).messageCount).toBe(left)
      expect(begun.items).toEqual([0])
      gate.open()
      await settled.take(13)
    })

    test('dead letters that are looked through', async () => {
      const backend = await limited({ maxScanned: 2 })
      const { put, consume, settled, queue } = await queueRun(backend, { maxAttempts: 1 })
      await put(1, 2, 3)
      await consume(() => FAILED)
      await settled.take(3)
      const refused = { code: 'unsupported', message: expect.stringContaining('looks through 2') }
      await expect(backend.redrive(queue, { ids: ['x'] })).rejects.toMatchObject(refused)
      await expect(backend.deadLetters(queue, { offset: 0, limit: 1, order: 'newest' })).rejects.toMatchObject(refused)
      expect(await backend.deadLetters(queue, { offset: 0, limit: 1, order: 'oldest' })).toHaveLength(1)
      await expect(backend.peek(queue, { offset: 0, limit: 3 })).rejects.toMatchObject({ code: 'unsupported' })
      expect(await backend.redrive(queue, 'all')).toBe(3)
    })
  })

  test('a whole engine enqueues, delivers and buries, and one without a server does not start', async () => {
    const settings = `queue_configs: { mail: { max_retries: 1, backoff_ms: 5 } }`
    const config = (url: string) => `{ adapter: { name: rabbitmq, config: { amqp_url: '${url}' } }, ${settings} }`
    const running = await startQueueEngine(config(server.url))
    onTestFinished(() => running.close())
    const client = connectSdk(V22, running.engine.url)
    const got = new Collector<unknown>()
    client.registerFunction('mail::send', (payload: unknown) => {
      got.add(payload)
      throw new Error('no')
    })
    const receipt = (await client.trigger({
      function_id: 'mail::send',
      payload: { to: 'ada' },
      action: { type: 'enqueue', queue: 'mail' },
    })) as { messageReceiptId: string }
    expect(await got.take(2)).toEqual([{ to: 'ada' }, { to: 'ada' }])
    const channel = await other()
    await expect.poll(async () => (await channel.checkQueue(named('mail').dead)).messageCount).toBe(1)
    const dead = (await channel.get(named('mail').dead, { noAck: true })) as GetMessage
    expect(dead.properties.messageId).toBe(receipt.messageReceiptId)
    const nobody = `amqp://u:s3cret@127.0.0.1:${await unusedPort()}`
    await expect(startQueueEngine(config(nobody))).rejects.toThrow(/amqp:\/\/u:\*{8}@.*not reachable/)
  })

  describe('what is wrong at the start', () => {
    test('nobody at the address: the URL without its password, and what to do', async () => {
      const port = await unusedPort()
      const error = (await openAt(`amqp://u:s3cret@127.0.0.1:${port}/v`).catch((thrown: unknown) => thrown)) as Error
      expect(error.message).toContain(`amqp://u:********@127.0.0.1:${port}/v`)
      expect(error.message).toMatch(/amqp_url of iii-queue.*not reachable.*Start it, or correct the setting/)
      expect(error.message).not.toContain('s3cret')
    })

    test('a wrong password', async () => {
      const url = server.url.replace('guest:guest', 'guest:s3cret')
      const error = (await openAt(url).catch((thrown: unknown) => thrown)) as Error
      expect(error.message).toMatch(/refused the user name or password/)
      expect(error.message).not.toContain('s3cret')
    })

    test.each([
      ['nonsense', /is not a URL/],
      ['http://x', /begins with http:/],
    ])('the setting %s', async (url, message) => {
      await expect(openAt(url)).rejects.toThrow(message)
    })
  })
})
