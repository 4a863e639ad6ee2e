// Jobs whose function nobody provides: they wait, are seen waiting, and fail in the end (spec 03 §3.5, check 11).
import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../../testing/index.ts'
import { Collector } from '../../support/deadline.ts'
import { runQueue } from './run-plugin.ts'

describe('a function that nobody provides', () => {
  test('11. without function_wait_ms it is a failed delivery; jobs of other functions run', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { max_retries: 2, backoff_ms: 20 } }, { function_wait_ms: 0 }, { clock })
    const calls = run.handle('there')
    await run.enqueue('missing', 1, { queue: 'q' })
    await run.enqueue('there', 2, { queue: 'q' })
    expect(await calls.take(1)).toEqual([2])
    await clock.pass(60)
    const [letter] = await run.deadLettersAtTheEnd('q')
    expect(letter).toMatchObject({ job: { attempts: 2 }, error: { code: 'function_not_found' } })
  })

  test('its job waits for it without using up an attempt or a slot', async () => {
    const run = await runQueue({ q: { concurrency: 1, max_retries: 1 } })
    await run.enqueue('late', 'first', { queue: 'q' })
    const other = run.handle('other')
    await run.enqueue('other', 'second', { queue: 'q' })
    await other.take(1)
    const attempts: unknown[] = []
    const late = run.handle('late', (_payload, metadata) => void attempts.push(metadata))
    expect(await late.take(1)).toEqual(['first'])
    expect(attempts).toEqual([{ messageReceiptId: expect.any(String), queue: 'q', attempt: 0 }])
  })

  test('its job is counted and listed as waiting for it, and told once in the log', async () => {
    const run = await runQueue({ q: { concurrency: 1 } })
    const missing = await run.enqueue('late', 'first', { queue: 'q' })
    await run.enqueue('late', 'second', { queue: 'q' })
    const block = Promise.withResolvers<null>()
    const busy = run.handle('busy', () => block.promise)
    await run.enqueue('busy', 1, { queue: 'q' })
    await busy.take(1)
    const waiting = await run.enqueue('busy', 2, { queue: 'q' })
    const peek = async (page: object = {}): Promise<unknown[]> =>
      ((await run.call('iii::queue::peek', { queue: 'q', ...page })) as any[]).map(
        ({ id, payload, awaiting_function: is }) => ({ id, payload, is }),
      )
    expect(await run.call('iii::queue::status', { queue: 'q' })).toMatchObject({
      pending: 1,
      active: 1,
      awaiting_function: 2,
      awaited_functions: [{ function_id: 'late', reason: 'missing', jobs: 2 }],
    })
    expect(await run.call('engine::queue::topic_stats', { topic: 'q' })).toMatchObject({ depth: 4 })
    expect(await peek()).toEqual([
      { id: missing, payload: 'first', is: true },
      { id: expect.any(String), payload: 'second', is: true },
      { id: waiting, payload: 2, is: undefined },
    ])
    expect(await peek({ offset: 1, limit: 1 })).toMatchObject([{ payload: 'second' }])
    expect(await peek({ offset: 2, limit: 5 })).toMatchObject([{ payload: 2 }])
    expect(run.log.lines).toEqual([
      {
        level: 'warn',
        message: expect.stringContaining("jobs of the queue 'q' wait for the function late, which nobody provides"),
        data: { queue: 'q', function_id: 'late', namespace: 'default' },
      },
    ])
    block.resolve(null)
    await run.handle('late').take(2)
    await busy.take(2)
    await settled()
    expect(await run.call('iii::queue::status', { queue: 'q' })).toMatchObject({
      pending: 0,
      active: 0,
      awaiting_function: 0,
      awaited_functions: [],
    })
  })

  test('that is gone again is told again', async () => {
    const run = await runQueue()
    const told = (): number => run.log.lines.filter(({ message }) => message.includes('which nobody provides')).length
    const send = (): Promise<string> => run.enqueue('f', 1)
    await send()
    await run.call('iii::queue::status', { queue: 'default' })
    expect(told()).toBe(1)
    const calls = new Collector<unknown>()
    const f = run.worker.registerFunction('f', calls.add)
    await calls.take(1)
    f.unregister()
    await send()
    await settled()
    expect(told()).toBe(2)
    expect(calls.items).toHaveLength(1)
  })

  test('it waits for function_wait_ms, then that counts as one failure', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { max_retries: 1 } }, { function_wait_ms: 1_000 }, { clock })
    await run.enqueue('missing', 1, { queue: 'q' })
    await clock.pass(900)
    await clock.pass(200)
    const [letter] = await run.deadLettersAtTheEnd('q')
    expect(letter).toMatchObject({ error: { code: 'function_not_found' } })
    expect(letter!.error.at - letter!.job.createdAt).toBeGreaterThanOrEqual(1_000)
  })

  test('in a fifo queue its group waits, others go on', async () => {
    const run = await runQueue({ q: { type: 'fifo', message_group_field: 'g', concurrency: 2 } })
    const order: unknown[] = []
    await run.enqueue('late', { g: 'a', n: 1 }, { queue: 'q' })
    const there = run.handle('there', (payload) => void order.push(payload))
    await run.enqueue('there', { g: 'a', n: 2 }, { queue: 'q' })
    await run.enqueue('there', { g: 'b', n: 3 }, { queue: 'q' })
    await there.take(1)
    run.handle('late', (payload) => void order.push(payload))
    await there.take(2)
    expect(order.map((payload) => (payload as { n: number }).n)).toEqual([3, 1, 2])
  })

  // Such as the ones that it got from a function that it called in turn.
  test.each(['function_not_found', 'overloaded', 'plugin_unavailable', 'channel_send_failed'])(
    'a handler that fails with the code %s has run, and has failed',
    async (code) => {
      const run = await runQueue({ q: { max_retries: 1 } })
      const calls = run.handle('f', () => Promise.reject({ code, message: 'nowhere' }))
      await run.enqueue('f', 1, { queue: 'q' })
      await calls.take(1)
      await settled()
      const [letter] = await run.deadLettersAtTheEnd('q')
      expect(letter).toMatchObject({ error: { code } })
      expect(calls.items).toHaveLength(1)
    },
  )
})
