// Durable topics as a worker sees them (spec 03 §4, checks 31–42).
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import queuePlugin from '../../../../plugins/queue/index.ts'
import { Collector } from '../../../support/deadline.ts'
import { sidecarOf } from '../../../support/plugin-run.ts'
import { collecting, failing, runQueuePlugin, type QueueRun } from '../queue-run.ts'

const ONCE = { queue_config: { maxRetries: 0 } }

/** Binds a function that collects what it gets. */
async function subscribe(
  run: QueueRun,
  functionId: string,
  { config = {}, handle, id = randomUUID() }: { config?: object; handle?: (data: any) => unknown; id?: string } = {},
) {
  const got = collecting(run, functionId, handle)
  await run.bind({ id, function_id: functionId, config: { topic: 't', ...config } })
  return { id, got }
}

describe('a message', () => {
  test('31. reaches each function that subscribes once, as it was sent', async () => {
    const run = await runQueuePlugin()
    const [one, other] = [await subscribe(run, 'a'), await subscribe(run, 'b')]
    const data = { list: [1, null], text: 'ü' }
    expect(await run.publish('t', data)).toBeUndefined()
    await run.publish('t', 'last')
    expect(await one.got.take(2)).toEqual(expect.arrayContaining([data, 'last']))
    expect(await other.got.take(2)).toEqual(expect.arrayContaining([data, 'last']))
    expect(await run.call('engine::queue::topic_stats', { topic: 't' })).toMatchObject({ dlq_depth: 0 })
  })

  test('32. reaches one of the replicas of a function', async () => {
    const run = await runQueuePlugin()
    const got = new Collector<string>()
    for (const name of ['one', 'other']) {
      const replica = run.engine.connect({ name })
      replica.registerFunction('count', () => got.add(name))
      replica.registerTrigger({ type: 'durable:subscriber', function_id: 'count', config: { topic: 't' } })
      await replica.trigger({ function_id: 'iii::durable::publish', payload: { topic: 'before', data: 1 } })
    }
    const numbers = Array.from({ length: 10 }, (_, number) => number)
    await Promise.all(numbers.map((number) => run.publish('t', number)))
    await got.take(10)
    const last = await subscribe(run, 'last', { config: { topic: 'last' } })
    await run.publish('last', 1)
    await last.got.take(1)
    expect(got.items).toHaveLength(10)
    expect(new Set(got.items)).toEqual(new Set(['one', 'other']))
  })

  test.each(['\ud800', 'a\nb'])(
    'is refused with the topic %j, which a store would take for another one',
    async (topic) => {
      const run = await runQueuePlugin()
      await expect(run.publish(topic, 1)).rejects.toMatchObject({
        code: 'deserialization_error',
        message: expect.stringContaining(JSON.stringify(topic)),
      })
      const binding = { id: randomUUID(), function_id: 'f', config: { topic } }
      await expect(run.bind(binding)).rejects.toThrow(JSON.stringify(topic))
      await expect(run.bind({ ...binding, function_id: topic, config: { topic: 't' } })).rejects.toThrow(/function/)
    },
  )

  test('reaches its topic alone, where names of topics and functions come to the same text', async () => {
    const run = await runQueuePlugin()
    const short = await subscribe(run, 'b::c', { config: { topic: 'a' } })
    const long = await subscribe(run, 'c', { config: { topic: 'a::b' } })
    const colon = await subscribe(run, 'd', { config: { topic: 'a:' } })
    const other = await subscribe(run, ':d', { config: { topic: 'a' } })
    for (const topic of ['a', 'a::b', 'a:']) await run.publish(topic, topic)
    expect(await short.got.take(1)).toEqual(['a'])
    expect(await long.got.take(1)).toEqual(['a::b'])
    expect(await colon.got.take(1)).toEqual(['a:'])
    expect(await other.got.take(1)).toEqual(['a'])
  })

  test('33. needs a topic and data; null is data', async () => {
    const run = await runQueuePlugin()
    const { got } = await subscribe(run, 'a')
    await expect(run.publish('', 1)).rejects.toMatchObject({ code: 'topic_not_set' })
    await expect(run.call('iii::durable::publish', { topic: 't' })).rejects.toMatchObject({
      code: 'deserialization_error',
    })
    await expect(run.call('iii::durable::publish', { data: 1 })).rejects.toMatchObject({
      code: 'deserialization_error',
    })
    await run.publish('t', null)
    expect(await got.take(1)).toEqual([null])
  })

  test.each([
    ['iii::durable::publish', 'delay', 'delay_ms'],
    ['iii::durable::publish', 'runAt', 'run_at'],
    ['enqueue', 'priorty', 'priority'],
    ['enqueue', 'dedup', 'dedup_key'],
  ])(
    'of %s with the member %s is refused: it is not stored at once, with the wish unheard',
    async (id, member, meant) => {
      const run = await runQueuePlugin()
      await expect(run.call(id, { topic: 't', data: 1, [member]: 5 })).rejects.toMatchObject({
        code: 'deserialization_error',
        message: expect.stringContaining(`unknown key '${member}'. Did you mean '${meant}'?`),
      })
      expect(await run.call('iii::queue::status', { queue: 't' })).toMatchObject({ pending: 0 })
    },
  )

  test('may have members that programs for iii send along', async () => {
    const run = await runQueuePlugin()
    const { got } = await subscribe(run, 'a')
    await run.call('iii::durable::publish', {
      topic: 't',
      data: 1,
      __traceparent: 'x',
      metadata: {},
      _caller_worker_id: 'w',
    })
    expect(await got.take(1)).toEqual([1])
  })

  test('34. goes from `enqueue` to a trigger of type `queue`, and between the older and the newer names', async () => {
    const run = await runQueuePlugin()
    const got = collecting(run, 'a')
    await run.engine.bind({ type: 'queue', function_id: 'a', config: { topic: 't' } })
    const other = collecting(run, 'b')
    await run.engine.bind({ type: 'durable:subscriber', function_id: 'b', config: { queue: 't' } })
    await run.call('enqueue', { topic: 't', data: { a: 1 } })
    await run.call('iii::durable::publish', { queue: 't', data: { a: 2 } })
    for (const each of [got, other]) expect(await each.take(2)).toEqual(expect.arrayContaining([{ a: 1 }, { a: 2 }]))
  })

  test('73. with a topic and a queue goes to the topic', async () => {
    const run = await runQueuePlugin()
    const [one, other] = [await subscribe(run, 'a'), await subscribe(run, 'b', { config: { topic: 'u' } })]
    await run.call('iii::durable::publish', { topic: 't', queue: 'u', data: 1 })
    await run.publish('u', 2)
    expect(await one.got.take(1)).toEqual([1])
    expect(await other.got.take(1)).toEqual([2])
  })

  test('carries the metadata of the trigger, its binding and the trace of the publisher', async () => {
    const run = await runQueuePlugin()
    const sidecar = new Collector<unknown>()
    run.worker.registerFunction('a', (_data, metadata) => sidecar.add(metadata))
    const id = randomUUID()
    await run.bind({ id, function_id: 'a', config: { topic: 't' }, metadata: { k: 1 } })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const payload = { topic: 't', data: 1 }
    const baggage = 'iii.session.id=s,iii.tag.kind=x'
    await run.worker.trigger({ function_id: 'iii::durable::publish', payload, traceparent, baggage })
    expect(await sidecar.take(1)).toEqual([{ k: 1 }])
    const call = run.engine.calls.find(({ function_id }) => function_id === 'a')!
    expect(sidecarOf(call)).toEqual({ binding: id, traceparent, baggage: 'iii.session.id=s', metadata: { k: 1 } })
  })

  test('without metadata at the trigger carries none', async () => {
    const run = await runQueuePlugin()
    const { got } = await subscribe(run, 'a')
    await run.publish('t', 1)
    await got.take(1)
    expect(run.engine.calls.find(({ function_id }) => function_id === 'a')?.metadata).toBeUndefined()
  })

  test('that is delayed, urgent or repeated is delivered as the publisher says', async () => {
    const run = await runQueuePlugin()
    const release = Promise.withResolvers<void>()
    const { got } = await subscribe(run, 'a', {
      config: { queue_config: { concurrency: 1 } },
      handle: (data) => (data === 'first' ? release.promise : undefined),
    })
    await run.publish('t', 'first')
    await got.take(1)
    await run.publish('t', 'plain')
    await run.publish('t', 'urgent', { priority: 5 })
    await run.publish('t', 'once', { dedup_key: 'k' })
    await run.publish('t', 'twice', { dedup_key: 'k' })
    await run.publish('t', 'later', { delay_ms: 60_000 })
    expect(await run.call('iii::queue::delayed', { queue: 't' })).toMatchObject([{ payload: 'later' }])
    release.resolve()
    expect(await got.take(4)).toEqual(['first', 'urgent', 'plain', 'once'])
    expect(await run.call('iii::queue::status', { queue: 't' })).toMatchObject({ pending: 0, delayed: 1 })
  })

  test('is not stored anywhere when one of its subscriptions is full', async () => {
    const run = await runQueuePlugin()
    const release = Promise.withResolvers<void>()
    const full = await subscribe(run, 'a', { config: { queue_config: { maxJobs: 1 } }, handle: () => release.promise })
    const roomy = await subscribe(run, 'b')
    await run.publish('t', 1)
    await full.got.take(1)
    await expect(run.publish('t', 2)).rejects.toMatchObject({ code: 'queue_full' })
    await run.bind({ id: full.id, function_id: 'a', config: { topic: 't', queue_config: { maxJobs: 2 } } })
    await run.publish('t', 3)
    expect(await roomy.got.take(2)).toEqual([1, 3])
    release.resolve()
  })
})

describe('a failing function', () => {
  test('35. gets a message three times, the second wait twice the first, and then it is dead', async () => {
    const run = await runQueuePlugin({ adapter: { name: 'in_memory', config: { backoff_ms: 10 } } })
    const times: number[] = []
    await subscribe(run, 'a', {
      handle: () => {
        times.push(performance.now())
        throw new Error('no')
      },
    })
    await run.publish('t', { a: 1 })
    const [dead] = await run.dead('t', 1)
    expect(dead).toMatchObject({ payload: { a: 1 }, retries: 3, function_id: 'a' })
    expect(dead!.error).toMatch(/^[a-z_]+: .*no/i)
    expect(dead!.history).toHaveLength(3)
    expect(times).toHaveLength(3)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(9)
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(19)
  })

  test.each([
    ['36. maxRetries 1', { queue_config: { maxRetries: 1, backoffDelayMs: 5 } }, 2],
    ['36. maxRetries 0', { queue_config: { maxRetries: 0 } }, 1],
    ['max_retries 2 beside queue_config', { max_retries: 2, backoff_ms: 5, queue_config: { maxRetries: 9 } }, 2],
  ])('%s: so many deliveries', async (_name, config, deliveries) => {
    const run = await runQueuePlugin()
    const { got } = await subscribe(run, 'a', { config, handle: failing() })
    await run.publish('t', 1)
    expect(await run.dead('t', 1)).toMatchObject([{ retries: deliveries }])
    expect(got.items).toHaveLength(deliveries)
  })

  test('37. has dead letters of its own; they come back to it alone', async () => {
    const run = await runQueuePlugin()
    let works = false
    const a = await subscribe(run, 'a', { config: ONCE, handle: () => (works ? undefined : failing()()) })
    const b = await subscribe(run, 'b', { config: ONCE })
    await run.publish('t', 1)
    const [dead] = await run.dead('t', 1)
    works = true
    expect(await run.call('iii::queue::redrive', { topic: 't' })).toEqual({ queue: 't', redriven: 1 })
    await a.got.take(2)
    await run.publish('t', 2)
    expect(await b.got.take(2)).toEqual([1, 2])
    expect(await a.got.take(3)).toEqual([1, 1, 2])
    expect(await run.call('engine::queue::dlq_messages', { topic: 't' })).toEqual([])
    expect(dead).toMatchObject({ function_id: 'a' })
  })

  test('that is missing is waited for', async () => {
    const run = await runQueuePlugin()
    const id = randomUUID()
    await run.bind({ id, function_id: 'late', config: { topic: 't', ...ONCE } })
    const { got } = await subscribe(run, 'a')
    await run.publish('t', 1)
    await got.take(1)
    const late = collecting(run, 'late')
    expect(await late.take(1)).toEqual([1])
  })

  test('that takes longer than it may has failed', async () => {
    const run = await runQueuePlugin()
    const config = { queue_config: { maxRetries: 0, timeoutMs: 20 } }
    await subscribe(run, 'a', { config, handle: () => new Promise(() => {}) })
    await run.publish('t', 1)
    expect(await run.dead('t', 1)).toMatchObject([{ error: expect.stringMatching(/^timeout: /) }])
  })
})

describe('38. a condition', () => {
  test('that returns false has the message skipped; anything else has it delivered', async () => {
    const run = await runQueuePlugin()
    const asked = collecting(run, 'condition', ({ verdict }) => verdict)
    const config = { condition_function_id: 'condition', queue_config: { type: 'fifo', maxRetries: 0 } }
    const { got } = await subscribe(run, 'a', { config })
    const verdicts = [false, 0, null, 'no', true]
    for (const verdict of verdicts) await run.publish('t', { verdict })
    expect(await got.take(4)).toEqual(verdicts.slice(1).map((verdict) => ({ verdict })))
    expect(asked.items).toEqual(verdicts.map((verdict) => ({ verdict })))
    expect(await run.call('engine::queue::topic_stats', { topic: 't' })).toMatchObject({ dlq_depth: 0 })
  })

  test('is asked for the binding, with the data alone, before each delivery', async () => {
    const run = await runQueuePlugin()
    const asked = collecting(run, 'condition')
    const config = { condition_function_id: 'condition', queue_config: { maxRetries: 1, backoffDelayMs: 1 } }
    const id = randomUUID()
    collecting(run, 'a', failing())
    await run.bind({ id, function_id: 'a', config: { topic: 't', ...config }, metadata: { k: 1 } })
    await run.publish('t', 1)
    await run.dead('t', 1)
    expect(asked.items).toEqual([1, 1])
    const calls = run.engine.calls.filter(({ function_id }) => function_id === 'condition')
    expect(calls.map(sidecarOf)).toEqual([{ binding: id }, { binding: id }])
  })

  test.each([
    ['fails', 'condition', /^[a-z_]+: condition condition: .*broken/i],
    ['is missing', 'nowhere', /^function_not_found: condition nowhere: /],
  ])('that %s is a failed delivery', async (_name, condition, error) => {
    const run = await runQueuePlugin()
    const asked = collecting(run, 'condition', failing('broken'))
    const config = { condition_function_id: condition, queue_config: { maxRetries: 1, backoffDelayMs: 1 } }
    const { got } = await subscribe(run, 'a', { config })
    await run.publish('t', 1)
    expect(await run.dead('t', 1)).toMatchObject([{ retries: 2, error: expect.stringMatching(error) }])
    expect(got.items).toEqual([])
    if (condition === 'condition') expect(asked.items).toHaveLength(2)
  })
})

describe('a subscriber', () => {
  test('39. of type fifo gets one message at a time, in order', async () => {
    const run = await runQueuePlugin()
    let running = 0
    const most: number[] = []
    let failures = 1
    const { got } = await subscribe(run, 'a', {
      config: { queue_config: { type: 'fifo', backoffDelayMs: 5 } },
      handle: async (data) => {
        most.push(++running)
        for (let turn = 0; turn < (7 - data) * 3; turn++) await new Promise(setImmediate)
        running--
        // It is tried again before the others.
        if (data === 2 && failures-- > 0) throw new Error('once')
      },
    })
    for (let number = 1; number <= 5; number++) await run.publish('t', number)
    expect(await got.take(6)).toEqual([1, 2, 2, 3, 4, 5])
    expect(Math.max(...most)).toBe(1)
  })

  test('40. without a topic is no error, and gets nothing', async () => {
    const run = await runQueuePlugin()
    const got = collecting(run, 'a')
    await run.bind({ id: 'x', function_id: 'a', config: {} })
    const other = await subscribe(run, 'b')
    await run.publish('t', 1)
    await other.got.take(1)
    expect(got.items).toEqual([])
    expect(run.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('names no topic') }),
    )
  })

  test('41. that is unregistered gets nothing more', async () => {
    const run = await runQueuePlugin()
    const [a, b] = [await subscribe(run, 'a'), await subscribe(run, 'b')]
    await run.publish('t', 1)
    await Promise.all([a.got.take(1), b.got.take(1)])
    run.unbind(a.id)
    await run.publish('t', 2)
    expect(await b.got.take(2)).toEqual([1, 2])
    await run.bind({ id: 'again', function_id: 'a', config: { topic: 't' } })
    await run.publish('t', 3)
    expect(await a.got.take(2)).toEqual([1, 3])
    expect(await b.got.take(3)).toEqual([1, 2, 3])
    expect(run.engine.calls.filter(({ function_id }) => function_id === 'a').map(({ payload }) => payload)).toEqual([
      1, 3,
    ])
  })

  test('that is unregistered leaves what waits for it, for its return', async () => {
    const run = await runQueuePlugin()
    const { id, got } = await subscribe(run, 'a', { config: { queue_config: { concurrency: 0 } } })
    const b = await subscribe(run, 'b')
    await run.publish('t', 1)
    run.unbind(id)
    await run.publish('t', 2)
    await b.got.take(2)
    await run.bind({ id: 'again', function_id: 'a', config: { topic: 't' } })
    await run.publish('t', 3)
    expect(await got.take(2)).toEqual([1, 3])
  })

  test('that is unregistered and has nothing left is not listed any more', async () => {
    const run = await runQueuePlugin()
    const { id, got } = await subscribe(run, 'a')
    await run.publish('t', 1)
    await got.take(1)
    run.unbind(id)
    const names = async () =>
      ((await run.call('engine::queue::list_topics', {})) as { name: string }[]).map(({ name }) => name)
    while ((await names()).includes('t')) await new Promise(setImmediate)
    expect(await names()).toEqual(['default'])
  })

  test('that is unregistered while it is still being registered gets nothing', async () => {
    const run = await runQueuePlugin({ adapter: { name: 'builtin' } })
    const client = run.engine.connect()
    const b = await subscribe(run, 'b')
    const input = { type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } } as const
    for (let round = 1; round <= 20; round++) {
      client.registerTrigger(input).unregister()
      await client.trigger({ function_id: 'iii::durable::publish', payload: { topic: 't', data: round } })
    }
    await b.got.take(20)
    expect(await run.call('iii::queue::peek', { queue: 't' })).toEqual([])
    client.registerTrigger(input)
    await client.trigger({ function_id: 'iii::durable::publish', payload: { topic: 't', data: 'last' } })
    client.close()
    await b.got.take(21)
    const missed = () => run.call('iii::queue::peek', { queue: 't' })
    while ((await missed()).length === 0) await new Promise(setImmediate)
    expect(await missed()).toMatchObject([{ payload: 'last', function_id: 'a' }])
  })

  test('42. whose worker is away gets what was published meanwhile when it is back', async () => {
    const run = await runQueuePlugin()
    const away = run.engine.connect()
    away.registerFunction('a', () => {})
    away.registerTrigger({ type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } })
    await away.trigger({ function_id: 'iii::durable::publish', payload: { topic: 't', data: 0 } })
    const b = await subscribe(run, 'b')
    away.close()
    await run.publish('t', 1)
    await run.publish('t', 2)
    await b.got.take(2)
    expect(await run.call('engine::queue::topic_stats', { topic: 't' })).toMatchObject({ depth: 2, consumer_count: 1 })
    const { got } = await subscribe(run, 'a')
    expect(await got.take(2)).toEqual([1, 2])
  })

  test('42. that is the first of its topic gets what was published before', async () => {
    const run = await runQueuePlugin()
    await run.publish('u', 1)
    await run.publish('u', 2)
    expect(await run.call('engine::queue::list_topics', {})).toContainEqual({
      name: 'u',
      broker_type: 'builtin',
      subscriber_count: 0,
    })
    expect(await run.call('iii::queue::status', { queue: 'u' })).toMatchObject({ pending: 2 })
    const first = await subscribe(run, 'a', { config: { topic: 'u' } })
    expect(await first.got.take(2)).toEqual([1, 2])
    const second = await subscribe(run, 'b', { config: { topic: 'u' } })
    await run.publish('u', 3)
    expect(await second.got.take(1)).toEqual([3])
  })

  test('with a concurrency of 0 gets nothing until it has one', async () => {
    const run = await runQueuePlugin()
    const paused = await subscribe(run, 'a', { config: { queue_config: { concurrency: 0 } } })
    const b = await subscribe(run, 'b')
    await run.publish('t', 1)
    await b.got.take(1)
    expect(paused.got.items).toEqual([])
    await run.bind({ id: paused.id, function_id: 'a', config: { topic: 't', queue_config: { concurrency: 1 } } })
    expect(await paused.got.take(1)).toEqual([1])
  })

  test('with delaySeconds gets a message that much later', async () => {
    const run = await runQueuePlugin()
    const delayed = await subscribe(run, 'a', { config: { queue_config: { delaySeconds: 60 } } })
    const b = await subscribe(run, 'b')
    await run.publish('t', 1)
    await b.got.take(1)
    expect(await run.call('iii::queue::delayed', { queue: 't' })).toMatchObject([{ payload: 1, function_id: 'a' }])
    expect(delayed.got.items).toEqual([])
  })

  test('by `__binding` is told apart from others of the same function', async () => {
    const run = await runQueuePlugin()
    const got = new Collector<unknown>()
    run.worker.registerFunction('deliver', (data, metadata) => got.add([data, (metadata as { to: string }).to]))
    for (const to of ['x', 'y']) {
      const metadata = { __binding: `deliver/${to}`, to }
      await run.bind({ id: to, function_id: 'deliver', config: { topic: 't' }, metadata })
    }
    await run.publish('t', 1)
    expect((await got.take(2)).toSorted()).toEqual([
      [1, 'x'],
      [1, 'y'],
    ])
  })

  test('76. of another namespace is called there', async () => {
    const run = await runQueuePlugin({ function_wait_ms: 0 })
    const config = { topic: 't', ...ONCE }
    await run.engine.bind({ type: 'durable:subscriber', function_id: 'a', config, namespace: 'n1' })
    await run.publish('t', 1)
    expect(await run.dead('t', 1)).toMatchObject([{ namespace: 'n1' }])
    expect(run.engine.calls.find(({ function_id }) => function_id === 'a')).toMatchObject({ namespace: 'n1' })
  })

  test('of type `queue` shares the messages of a topic where the settings say so', async () => {
    const run = await runQueuePlugin({ legacy_shared_topics: true })
    const got = new Collector<string>()
    for (const id of ['a', 'b']) {
      run.worker.registerFunction(id, () => got.add(id))
      await run.engine.bind({ type: 'queue', function_id: id, config: { topic: 't' } })
    }
    const other = await subscribe(run, 'c')
    for (let number = 0; number < 4; number++) await run.publish('t', number)
    await other.got.take(4)
    expect((await got.take(4)).length).toBe(4)
    await run.publish('t', 'last')
    await got.take(5)
    expect(got.items).toHaveLength(5)
  })
})

test('a subscription outlives its worker and a reload of the plugin', async () => {
  const run = await runQueuePlugin({ adapter: { name: 'builtin' } })
  const away = run.engine.connect()
  away.registerFunction('a', () => {})
  away.registerTrigger({ type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } })
  await away.trigger({ function_id: 'iii::durable::publish', payload: { topic: 'other', data: 0 } })
  away.close()
  await run.publish('t', 1)
  await run.host.stop()
  await run.engine.run(queuePlugin, { config: run.host.config, builtIn: true })
  await run.publish('t', 2)
  const { got } = await subscribe(run, 'a')
  expect((await got.take(2)).toSorted()).toEqual([1, 2])
})
