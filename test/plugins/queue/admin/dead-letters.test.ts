// Dead letters by function (spec 03 §5, checks 7, 21–26, 29, 72).
import { describe, expect, test } from 'vitest'
import { MAX_EVENT_PAYLOAD } from '../../../../plugins/queue/watch/dead-letter-trigger.ts'
import { collecting, failing, runQueuePlugin, type QueueRun } from '../queue-run.ts'

const ONCE = { max_retries: 1 }

/** Named queues `orders` and `mail`, whose jobs die at their first failure. */
async function scene(fails: (data: any) => boolean = () => true) {
  const run = await runQueuePlugin({ queue_configs: { orders: { ...ONCE, concurrency: 1 }, mail: ONCE } })
  const state = { fails }
  const got = collecting(run, 'f', (data) => state.fails(data) && failing('broken')())
  return { run, got, state }
}

async function kill(run: QueueRun, count: number, queue = 'orders'): Promise<string[]> {
  const ids: string[] = []
  for (let number = 1; number <= count; number++) ids.push(await run.enqueue(queue, 'f', { number }))
  await run.dead(queue, count)
  return ids
}

describe('21. a name or id that is empty', () => {
  test.each([
    ['iii::queue::redrive', { queue: '' }, 'queue_not_set'],
    ['iii::queue::discard', { queue: '' }, 'queue_not_set'],
    ['iii::queue::status', { queue: '' }, 'queue_not_set'],
    ['iii::queue::peek', { topic: '' }, 'queue_not_set'],
    ['iii::queue::pause', { queue: '' }, 'queue_not_set'],
    ['iii::queue::redrive_message', { queue: '', message_id: 'x' }, 'queue_not_set'],
    ['iii::queue::redrive_message', { queue: 'orders', message_id: '' }, 'message_id_not_set'],
    ['iii::queue::discard_message', { queue: 'orders', message_id: '' }, 'message_id_not_set'],
    ['engine::queue::topic_stats', { topic: '' }, 'topic_required'],
    ['engine::queue::dlq_messages', { topic: '' }, 'topic_required'],
    ['iii::queue::redrive', {}, 'deserialization_error'],
    ['iii::queue::redrive_message', { queue: 'orders' }, 'deserialization_error'],
    ['engine::queue::dlq_messages', { topic: 'orders', offset: -1 }, 'deserialization_error'],
    ['engine::queue::dlq_messages', { topic: 'orders', order: 'random' }, 'deserialization_error'],
  ])('%s %j is %s', async (functionId, input, code) => {
    const { run } = await scene()
    await expect(run.call(functionId, input)).rejects.toMatchObject({ code })
  })
})

describe('a dead letter', () => {
  test('7. has the id of its receipt, its payload as it was sent, and how it failed', async () => {
    const { run } = await scene()
    const payload = { b: 1, a: { z: null } }
    const id = await run.enqueue('orders', 'f', payload)
    const [row] = await run.dead('orders', 1)
    expect(row).toEqual({
      id,
      payload,
      error: expect.stringMatching(/^[A-Za-z_]+: .*broken/),
      failed_at: expect.any(Number),
      retries: 1,
      size_bytes: Buffer.byteLength(JSON.stringify(payload)),
      function_id: 'f',
      created_at: expect.any(Number),
      history: [{ at: expect.any(Number), code: expect.any(String), message: expect.stringContaining('broken') }],
    })
    expect(Object.keys(row!.payload)).toEqual(['b', 'a'])
  })

  test('72. has the time of its failure in seconds', async () => {
    const { run } = await scene()
    await kill(run, 1)
    const [row] = await run.dead('orders', 1)
    expect(row!.failed_at).toBe(Math.floor(row!.history[0]!.at / 1_000))
    expect(Math.abs(row!.history[0]!.at - Date.now())).toBeLessThan(60_000)
  })

  test('26. stands in a list with pages, the newest first or the oldest', async () => {
    const { run } = await scene()
    const ids = await kill(run, 5)
    const list = async (more: object): Promise<string[]> => {
      const rows: { id: string }[] = await run.call('engine::queue::dlq_messages', { topic: 'orders', ...more })
      return rows.map(({ id }) => id)
    }
    const newest = ids.toReversed()
    expect(await list({})).toEqual(newest)
    expect(await list({ offset: 1, limit: 2 })).toEqual(newest.slice(1, 3))
    expect(await list({ order: 'oldest', limit: 2 })).toEqual(ids.slice(0, 2))
    expect(await list({ limit: 0 })).toEqual([])
    expect(await list({ offset: null, limit: null, order: null })).toEqual(newest)
    expect(await list({ offset: 9 })).toEqual([])
  })

  test('is found by its id, also among those of a topic', async () => {
    const { run } = await scene()
    const [first] = await kill(run, 2)
    const find = (input: object): Promise<any[]> => run.call('engine::queue::dlq_messages', input)
    expect(await find({ topic: 'orders', message_id: first })).toMatchObject([{ id: first, payload: { number: 1 } }])
    expect(await find({ topic: 'orders', message_id: 'nobody' })).toEqual([])
    for (const name of ['a', 'b']) {
      await run.bind({ id: name, function_id: 'f', config: { topic: 't', ...ONCE }, metadata: { __binding: name } })
    }
    await run.publish('t', 1)
    for (const { id } of await run.dead('t', 2)) {
      expect(await find({ topic: 't', message_id: id })).toMatchObject([{ id, payload: 1 }])
    }
  })

  test('26. is one of 50 where no limit is named', async () => {
    const { run } = await scene()
    await kill(run, 51)
    expect(await run.call('engine::queue::dlq_messages', { topic: 'orders' })).toHaveLength(50)
    expect(await run.call('engine::queue::dlq_messages', { topic: 'orders', limit: 100_000 })).toHaveLength(51)
  })

  test('of a topic stands among those of all its functions', async () => {
    const { run } = await scene()
    run.worker.registerFunction('g', failing())
    for (const functionId of ['f', 'g'])
      await run.bind({ id: functionId, function_id: functionId, config: { topic: 't', ...ONCE } })
    for (const number of [1, 2]) {
      await run.publish('t', { number })
      await run.dead('t', number * 2)
    }
    const rows = await run.dead('t', 4)
    expect(rows.map(({ payload }) => payload.number).toSorted()).toEqual([1, 1, 2, 2])
    const times = rows.map(({ history }) => history[0]!.at)
    expect(times).toEqual(times.toSorted((one, other) => other - one))
    expect(rows.map(({ function_id }) => function_id).toSorted()).toEqual(['f', 'f', 'g', 'g'])
    const middle = await run.call('engine::queue::dlq_messages', { topic: 't', offset: 1, limit: 2 })
    expect(middle).toEqual(rows.slice(1, 3))
  })
})

describe('redriving', () => {
  test('22. nothing redrives nothing, also where nobody knows the name', async () => {
    const { run } = await scene()
    expect(await run.call('iii::queue::redrive', { queue: 'orders' })).toEqual({ queue: 'orders', redriven: 0 })
    expect(await run.call('iii::queue::redrive', { queue: 'nobody' })).toEqual({ queue: 'nobody', redriven: 0 })
    expect(await run.call('engine::queue::dlq_messages', { topic: 'nobody' })).toEqual([])
  })

  test('23. all delivers them again in the order in which they failed', async () => {
    const { run, got, state } = await scene()
    await kill(run, 3)
    state.fails = () => false
    expect(await run.call('iii::queue::redrive', { topic: 'orders' })).toEqual({ queue: 'orders', redriven: 3 })
    expect((await got.take(6)).slice(3)).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }])
    expect(await run.call('engine::queue::dlq_messages', { topic: 'orders' })).toEqual([])
  })

  test('24. one leaves the others, and an unknown one leaves all', async () => {
    const { run, got, state } = await scene()
    const [first, second, third] = await kill(run, 3)
    state.fails = () => false
    const redrive = (message_id: unknown) => run.call('iii::queue::redrive_message', { queue: 'orders', message_id })
    expect(await redrive('unknown')).toEqual({ queue: 'orders', message_id: 'unknown', redriven: 0 })
    expect(await run.dead('orders', 3)).toHaveLength(3)
    expect(await redrive(second)).toEqual({ queue: 'orders', message_id: second, redriven: 1 })
    expect((await got.take(4))[3]).toEqual({ number: 2 })
    expect((await run.dead('orders', 2)).map(({ id }) => id)).toEqual([third, first])
  })

  test('what fails again puts it back under the same id, with its attempts counted anew', async () => {
    const { run, got } = await scene()
    const [id] = await kill(run, 1)
    await run.call('iii::queue::redrive', { queue: 'orders' })
    await got.take(2)
    const rows = await run.dead('orders', 1)
    expect(rows).toMatchObject([{ id, retries: 1 }])
  })
})

describe('discarding', () => {
  test('25. one forgets it, and it is never delivered', async () => {
    const { run, got, state } = await scene()
    const [first, second] = await kill(run, 2)
    state.fails = () => false
    expect(await run.call('iii::queue::discard_message', { queue: 'orders', message_id: first })).toEqual({
      queue: 'orders',
      message_id: first,
      redriven: 1,
    })
    await run.call('iii::queue::redrive', { queue: 'orders' })
    expect((await got.take(3))[2]).toEqual({ number: 2 })
    expect(await run.call('iii::queue::discard_message', { queue: 'orders', message_id: second })).toMatchObject({
      redriven: 0,
    })
  })

  test('all forgets those of one queue', async () => {
    const { run } = await scene()
    await kill(run, 3)
    await kill(run, 1, 'mail')
    expect(await run.call('iii::queue::discard', { queue: 'orders' })).toEqual({ queue: 'orders', discarded: 3 })
    expect(await run.call('engine::queue::dlq_topics', {})).toEqual([
      { topic: 'mail', broker_type: 'function_queue', message_count: 1 },
    ])
  })
})

describe('29. the list of those that have dead letters', () => {
  test('is empty where there are none', async () => {
    const { run } = await scene()
    await run.bind({ id: 'x', function_id: 'f', config: { topic: 't', ...ONCE } })
    expect(await run.call('engine::queue::dlq_topics', undefined)).toEqual([])
    await kill(run, 2)
    await run.publish('t', 1)
    await run.dead('t', 1)
    expect(await run.call('engine::queue::dlq_topics', {})).toEqual([
      { topic: 'orders', broker_type: 'function_queue', message_count: 2 },
      { topic: 't', broker_type: 'builtin', message_count: 1 },
    ])
  })
})

describe('the event of a dead letter', () => {
  test('78. comes once for each, with how it failed', async () => {
    const { run } = await scene()
    const all = collecting(run, 'all')
    const ofMail = collecting(run, 'of-mail')
    await run.engine.bind({ type: 'queue:dead-letter', function_id: 'all' })
    await run.engine.bind({ type: 'queue:dead-letter', function_id: 'of-mail', config: { queue: 'mail' } })
    const [id] = await kill(run, 1)
    const [mailId] = await kill(run, 1, 'mail')
    const event = (queue: string, jobId: string | undefined) => ({
      queue,
      kind: 'named',
      id: jobId,
      function_id: 'f',
      error: { code: expect.any(String), message: expect.stringContaining('broken') },
      attempts: 1,
      failed_at: expect.any(Number),
      payload: { number: 1 },
      size_bytes: 12,
      created_at: expect.any(Number),
    })
    expect(await all.take(2)).toEqual([event('orders', id), event('mail', mailId)])
    expect(await ofMail.take(1)).toEqual([event('mail', mailId)])
    expect(ofMail.items).toHaveLength(1)
  })

  test('has no payload that is longer than an event may be', async () => {
    const { run } = await scene()
    const events = collecting(run, 'all')
    await run.engine.bind({ type: 'queue:dead-letter', function_id: 'all' })
    const longest = 'x'.repeat(MAX_EVENT_PAYLOAD - 2)
    for (const payload of [longest, `${longest}x`]) await run.enqueue('orders', 'f', payload)
    const [shown, left] = await events.take(2)
    expect(shown).toMatchObject({ payload: longest, size_bytes: MAX_EVENT_PAYLOAD })
    expect(left).not.toHaveProperty('payload')
    expect(left).toMatchObject({ size_bytes: MAX_EVENT_PAYLOAD + 1 })
  })

  test('of a message that was there before its subscription names the function all the same', async () => {
    const { run } = await scene()
    const events = collecting(run, 'all')
    await run.engine.bind({ type: 'queue:dead-letter', function_id: 'all' })
    await run.publish('t', 1)
    await run.bind({ id: 'x', function_id: 'f', config: { topic: 't', ...ONCE } })
    expect(await events.take(1)).toMatchObject([{ queue: 't', kind: 'topic', function_id: 'f' }])
    expect(await run.dead('t', 1)).toMatchObject([{ function_id: 'f' }])
  })
})
