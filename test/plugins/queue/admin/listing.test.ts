// What queues and topics there are, what is in them, and holding them (spec 03 §3.8, §5, checks 27, 28, 30, 77).
import { describe, expect, test } from 'vitest'
import { collecting, failing, runQueuePlugin } from '../queue-run.ts'

const CONFIG = { queue_configs: { mail: { concurrency: 8 }, slow: { concurrency: 1, max_retries: 1 } } }

/** A function of `slow` that ends when it is told. */
async function scene() {
  const run = await runQueuePlugin(CONFIG)
  const release = Promise.withResolvers<void>()
  const got = collecting(run, 'f', () => release.promise)
  return { run, got, release: () => release.resolve() }
}

describe('the list', () => {
  test('27. has named queues with their concurrency, and topics with their live subscribers, replicas counted', async () => {
    const { run } = await scene()
    const replicas = [run.engine.connect(), run.engine.connect()]
    for (const replica of replicas) {
      replica.registerTrigger({ type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } })
      await replica.trigger({ function_id: 'iii::durable::publish', payload: { topic: 'mail?', data: 1 } })
    }
    const list = () => run.call('engine::queue::list_topics', { anything: 1 })
    const rows = (subscribers: number) => [
      { name: 'default', broker_type: 'function_queue', subscriber_count: 10 },
      { name: 'mail', broker_type: 'function_queue', subscriber_count: 8 },
      { name: 'mail?', broker_type: 'builtin', subscriber_count: 0 },
      { name: 'slow', broker_type: 'function_queue', subscriber_count: 1 },
      { name: 't', broker_type: 'builtin', subscriber_count: subscribers },
    ]
    expect(await list()).toEqual(rows(2))
    replicas[0]!.close()
    expect(await list()).toEqual(rows(1))
    replicas[1]!.close()
    expect(await list()).toEqual(rows(0))
  })

  test('has a queue that is defined no more, while something is left in it', async () => {
    const { run, got, release } = await scene()
    await run.enqueue('slow', 'f', 1)
    await got.take(1)
    await run.enqueue('slow', 'f', 2)
    release()
    await got.take(2)
    run.worker.registerFunction('g', failing())
    await run.enqueue('slow', 'g', 3)
    await run.dead('slow', 1)
    await run.host.reconfigure({ adapter: { name: 'in_memory' }, queue_configs: {} })
    const named = (await run.call('engine::queue::list_topics', {})) as { name: string }[]
    expect(named.map(({ name }) => name)).toEqual(['default', 'slow'])
    expect(await run.call('iii::queue::discard', { queue: 'slow' })).toEqual({ queue: 'slow', discarded: 1 })
    expect(await run.call('engine::queue::topic_stats', { topic: 'mail' })).toMatchObject({ consumer_count: 0 })
  })
})

describe('figures', () => {
  test('28. of an idle queue', async () => {
    const { run } = await scene()
    expect(await run.call('engine::queue::topic_stats', { queue: 'mail' })).toEqual({
      depth: 0,
      consumer_count: 8,
      dlq_depth: 0,
      config: null,
    })
  })

  test('30. of a queue at work: what waits, is delivered, is delayed, is dead', async () => {
    const { run, got, release } = await scene()
    run.worker.registerFunction('g', failing())
    await run.enqueue('slow', 'g', 0)
    await run.dead('slow', 1)
    for (const number of [1, 2, 3]) await run.enqueue('slow', 'f', number)
    await run.enqueue('slow', 'f', 4, { delay_ms: 60_000 })
    await got.take(1)
    expect(await run.call('iii::queue::status', { queue: 'slow' })).toEqual({
      queue: 'slow',
      pending: 2,
      active: 1,
      awaiting_function: 0,
      awaited_functions: [],
      delayed: 1,
      dlq_count: 1,
      consumers: 1,
      paused: false,
      oldest_age_ms: expect.any(Number),
      adapter: 'builtin',
      adapter_state: 'connected',
    })
    expect(await run.call('engine::queue::topic_stats', { topic: 'slow' })).toMatchObject({ depth: 3, dlq_depth: 1 })
    release()
  })

  test('of an unknown name are zeros', async () => {
    const { run } = await scene()
    expect(await run.call('engine::queue::topic_stats', { topic: 'nobody' })).toMatchObject({ depth: 0, dlq_depth: 0 })
    expect(await run.call('iii::queue::status', { queue: 'nobody' })).toMatchObject({ pending: 0, consumers: 0 })
  })

  test('of a topic are those of all its subscriptions', async () => {
    const { run, got, release } = await scene()
    for (const name of ['one', 'other']) {
      const queue_config = { concurrency: 1 }
      await run.bind({
        id: name,
        function_id: 'f',
        config: { topic: 't', queue_config },
        metadata: { __binding: name },
      })
    }
    for (const number of [1, 2, 3]) await run.publish('t', number)
    await got.take(2)
    expect(await run.call('iii::queue::status', { queue: 't' })).toMatchObject({ pending: 4, active: 2, consumers: 2 })
    const peeked = (await run.call('iii::queue::peek', { queue: 't', offset: 1, limit: 2 })) as { payload: number }[]
    expect(peeked.map(({ payload }) => payload)).toEqual([2, 3])
    release()
  })

  test('a name that nobody knows is meant percent-encoded', async () => {
    const { run } = await scene()
    await run.publish('orders/new', 1)
    expect(await run.call('iii::queue::status', { queue: 'orders%2Fnew' })).toMatchObject({
      queue: 'orders%2Fnew',
      pending: 1,
    })
    expect(await run.call('iii::queue::status', { queue: '%E0%A4%A' })).toMatchObject({ pending: 0 })
  })

  test('never name what queues are called inside', async () => {
    const { run } = await scene()
    run.worker.registerFunction('g', failing())
    await run.enqueue('slow', 'g', 0)
    await run.dead('slow', 1)
    const answers = await Promise.all(
      ['engine::queue::list_topics', 'engine::queue::dlq_topics', 'iii::queue::metrics'].map((id) => run.call(id, {})),
    )
    expect(JSON.stringify(answers)).toContain('slow')
    expect(JSON.stringify(answers)).not.toContain('__fn_queue')
    expect(await run.call('engine::queue::topic_stats', { topic: '__fn_queue::slow' })).toMatchObject({ dlq_depth: 0 })
  })

  test('77. are counted under the names of telemetry', async () => {
    const { run, got, release } = await scene()
    release()
    run.worker.registerFunction('g', failing())
    await run.enqueue('slow', 'f', 1)
    await run.enqueue('slow', 'f', 2)
    await run.enqueue('slow', 'g', 3)
    await run.dead('slow', 1)
    await got.take(2)
    await run.call('iii::queue::redrive', { queue: 'slow' })
    await run.dead('slow', 1)
    await run.bind({ id: 'x', function_id: 'f', config: { topic: 't' } })
    await run.publish('t', 1)
    await got.take(3)
    const { metrics } = await run.call('iii::queue::metrics', undefined)
    const of = (queue: string, kind: string) =>
      Object.fromEntries(
        (metrics as { name: string; attributes: object; value: unknown }[])
          .filter(({ attributes }) => JSON.stringify(attributes) === JSON.stringify({ queue, kind }))
          .map(({ name, value }) => [name, value]),
      )
    expect(of('slow', 'named')).toMatchObject({
      'iii.queue.enqueued.total': 3,
      'iii.queue.delivered.total': 2,
      'iii.queue.failed.total': 2,
      'iii.queue.dead_lettered.total': 2,
      'iii.queue.redriven.total': 1,
      'iii.queue.depth': 0,
      'iii.queue.delayed': 0,
      'iii.queue.dlq': 1,
      'iii.queue.in_flight': 0,
      'iii.queue.wait': { count: 4 },
      'iii.queue.handle': { count: 4 },
    })
    expect(of('t', 'topic')).toMatchObject({ 'iii.queue.enqueued.total': 1, 'iii.queue.wait': { count: 1 } })
  })
})

describe('looking into a queue', () => {
  test('shows what is next, and takes nothing', async () => {
    const { run, got, release } = await scene()
    await run.enqueue('slow', 'f', 'runs')
    await got.take(1)
    const ids = [await run.enqueue('slow', 'f', { a: 1 }), await run.enqueue('slow', 'f', 2, { priority: 3 })]
    const peek = (more = {}): Promise<{ id: string }[]> => run.call('iii::queue::peek', { queue: 'slow', ...more })
    expect(await peek()).toEqual([
      expect.objectContaining({ id: ids[1], payload: 2, priority: 3 }),
      {
        id: ids[0],
        payload: { a: 1 },
        function_id: 'f',
        priority: 0,
        attempts: 0,
        created_at: expect.any(Number),
        run_at: null,
        error: null,
        size_bytes: 7,
      },
    ])
    expect((await peek({ offset: 1 })).map(({ id }) => id)).toEqual([ids[0]])
    release()
    expect(await got.take(3)).toEqual(['runs', 2, { a: 1 }])
  })

  test('shows what is delayed, the earliest first', async () => {
    const { run } = await scene()
    const runAt = Date.now() + 3_600_000
    await run.enqueue('mail', 'f', 'late', { run_at: runAt + 1 })
    await run.enqueue('mail', 'f', 'early', { run_at: new Date(runAt).toISOString() })
    const rows = await run.call('iii::queue::delayed', { queue: 'mail' })
    expect(rows).toMatchObject([
      { payload: 'early', run_at: runAt },
      { payload: 'late', run_at: runAt + 1 },
    ])
    expect(await run.call('iii::queue::peek', { queue: 'mail' })).toEqual([])
  })
})

test('what is published to a topic that nobody has subscribed to can be looked at', async () => {
  const { run } = await scene()
  for (const number of [1, 2, 3]) await run.publish('early', number)
  const peek = (page: object) => run.call('iii::queue::peek', { queue: 'early', ...page })
  expect(await peek({})).toMatchObject([1, 2, 3].map((payload) => ({ payload, function_id: '' })))
  expect(await peek({ offset: 1, limit: 1 })).toMatchObject([{ payload: 2 }])
  await expect(run.call('iii::queue::pause', { queue: 'early' })).rejects.toMatchObject({
    message: expect.stringContaining('nobody has subscribed'),
  })
})

describe('a paused queue', () => {
  test('delivers nothing until it is resumed', async () => {
    const { run, got, release } = await scene()
    release()
    expect(await run.call('iii::queue::pause', { queue: 'slow' })).toEqual({ queue: 'slow', paused: true })
    await run.enqueue('slow', 'f', 1)
    await run.enqueue('mail', 'f', 'other')
    expect(await got.take(1)).toEqual(['other'])
    expect(await run.call('iii::queue::status', { queue: 'slow' })).toMatchObject({ pending: 1, paused: true })
    expect(await run.call('iii::queue::resume', { topic: 'slow' })).toEqual({ queue: 'slow', paused: false })
    expect(await got.take(2)).toEqual(['other', 1])
  })

  test('may be a topic: then all its subscriptions are', async () => {
    const { run, got, release } = await scene()
    release()
    await run.bind({ id: 'x', function_id: 'f', config: { topic: 't' } })
    await run.call('iii::queue::pause', { queue: 't' })
    await run.publish('t', 1)
    expect(await run.call('iii::queue::status', { queue: 't' })).toMatchObject({ pending: 1, paused: true })
    await run.call('iii::queue::resume', { queue: 't' })
    expect(await got.take(1)).toEqual([1])
  })

  test.each(['pause', 'resume'])('that nobody knows can not be %sd', async (action) => {
    const { run } = await scene()
    await expect(run.call(`iii::queue::${action}`, { queue: 'nobody' })).rejects.toMatchObject({
      code: 'queue_not_found',
      message: expect.stringContaining('"nobody"'),
    })
  })
})

describe('ending the subscription of a worker that does not come back', () => {
  const input = { topic: 't', function_id: 'a' }

  test('lets what is published go by', async () => {
    const { run } = await scene()
    const away = run.engine.connect()
    away.registerTrigger({ type: 'durable:subscriber', function_id: 'a', config: { topic: 't' } })
    await away.trigger({ function_id: 'iii::durable::publish', payload: { topic: 'before', data: 1 } })
    await expect(run.call('iii::queue::unsubscribe', input)).rejects.toMatchObject({
      code: 'unsubscribe_failed',
      message: expect.stringContaining('is subscribed to "t" at the moment'),
    })
    away.close()
    await run.publish('t', 1)
    expect(await run.call('iii::queue::unsubscribe', input)).toEqual({ ...input, removed: true })
    await run.bind({ id: 'x', function_id: 'b', config: { topic: 't', queue_config: { concurrency: 0 } } })
    await run.publish('t', 2)
    // What it had is still there, beside the one of the other function.
    expect(await run.call('engine::queue::topic_stats', { topic: 't' })).toMatchObject({ depth: 2 })
    expect(await run.call('iii::queue::unsubscribe', input)).toEqual({ ...input, removed: false })
  })
})
