// Named queues on the real router: the checks of spec 03 §10 about what is delivered when, and how often.
import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../../testing/index.ts'
import { within } from '../../support/deadline.ts'
import { runQueue } from './run-plugin.ts'

const failing = (): never => {
  throw Object.assign(new Error('out of paper'), { code: 'printer_error' })
}

describe('attempts', () => {
  test('6. a handler that always fails is called max_retries times, after growing waits', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { max_retries: 4, backoff_ms: 50 } }, {}, { clock })
    const times: number[] = []
    const calls = run.handle('f', () => {
      times.push(clock.now())
      return failing()
    })
    await run.enqueue('f', { n: 1 }, { queue: 'q' })
    await calls.take(1)
    await clock.pass(10_000)
    expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual([50, 100, 200])
    const [letter] = await run.deadLettersAtTheEnd('q')
    expect(letter).toMatchObject({
      job: { attempts: 4, functionId: 'f' },
      error: { message: expect.stringContaining('out of paper') },
    })
  })

  test('7. the dead letter has the payload, the receipt as its id, and the last error', async () => {
    const run = await runQueue({ q: { max_retries: 2, backoff_ms: 1 } })
    const payload = { list: [1, { two: null }], text: 'ü' }
    const calls = run.handle('f', failing)
    const receipt = await run.enqueue('f', payload, { queue: 'q' })
    await calls.take(2)
    await settled()
    const letters = await run.deadLettersAtTheEnd('q')
    expect(letters).toHaveLength(1)
    const [{ job, error }] = letters as any
    expect([JSON.parse(job.data), job.id, job.history.length]).toEqual([payload, receipt, 2])
    expect(Math.abs(error.at - Date.now())).toBeLessThan(5_000)
    expect(calls.items).toHaveLength(2)
  })

  test('8. max_retries 0 is one delivery', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { max_retries: 0 } }, {}, { clock })
    const calls = run.handle('f', failing)
    await run.enqueue('f', 1, { queue: 'q' })
    await calls.take(1)
    await clock.pass(10_000)
    expect(calls.items).toHaveLength(1)
    expect(await run.deadLettersAtTheEnd('q')).toHaveLength(1)
  })

  test('9. a job that fails once is delivered again, and is then gone', async () => {
    const run = await runQueue({ q: { max_retries: 3, backoff_ms: 1 } })
    let failures = 0
    const calls = run.handle('f', () => (failures++ === 0 ? failing() : null))
    await run.enqueue('f', 1, { queue: 'q' })
    await calls.take(2)
    await settled()
    expect(await run.deadLettersAtTheEnd('q')).toEqual([])
    expect(calls.items).toHaveLength(2)
  })

  test.each([{ ok: false }, null, undefined, false, 'error'])('10. the result %j is a success', async (result) => {
    const run = await runQueue()
    const calls = run.handle('f', () => result)
    await run.enqueue('f', 1)
    await calls.take(1)
    await settled()
    expect(await run.deadLettersAtTheEnd('default')).toEqual([])
  })

  test('a delivery that takes longer than timeout_ms has failed', async () => {
    const run = await runQueue({ q: { max_retries: 1, timeout_ms: 20, concurrency: 1 } })
    const hangs = Promise.withResolvers<null>()
    const calls = run.handle('f', () => hangs.promise)
    await run.enqueue('f', 1, { queue: 'q' })
    await calls.take(1)
    const marker = run.handle('marker')
    // It gets the queue's only slot when the first delivery has been given up.
    await run.enqueue('marker', 1, { queue: 'q' })
    await marker.take(1)
    const [letter] = await run.deadLettersAtTheEnd('q')
    expect(letter).toMatchObject({ error: { code: 'timeout', message: expect.stringContaining('20ms') } })
    hangs.resolve(null)
  })
})

describe('order and concurrency', () => {
  test('12. a standard queue runs `concurrency` jobs at a time', async () => {
    const run = await runQueue({ q: { concurrency: 3 } })
    let running = 0
    let most = 0
    const gates: (() => void)[] = []
    const calls = run.handle('f', async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => gates.push(resolve))
      running--
    })
    for (let n = 0; n < 6; n++) await run.enqueue('f', n, { queue: 'q' })
    await calls.take(3)
    for (const open of gates.splice(0)) open()
    await calls.take(6)
    for (const open of gates) open()
    expect(most).toBe(3)
  })

  test('13. a fifo queue keeps the order of each group, and runs groups beside each other', async () => {
    const run = await runQueue({ q: { type: 'fifo', message_group_field: 'g', concurrency: 3 } })
    let running = 0
    let most = 0
    const calls = run.handle('f', async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    })
    for (let n = 0; n < 5; n++) for (const g of ['a', 1, true]) await run.enqueue('f', { g, n }, { queue: 'q' })
    const all = await calls.take(15)
    for (const g of ['a', 1, true]) {
      expect(all.filter((payload) => payload.g === g).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4])
    }
    expect(most).toBeGreaterThan(1)
  })

  test('14. in a group the second job starts when the first has succeeded, after its failures', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { type: 'fifo', message_group_field: 'g', backoff_ms: 100 } }, {}, { clock })
    let failures = 0
    const begun: [number, number][] = []
    const start = clock.now()
    const calls = run.handle('f', ({ n }) => {
      begun.push([n, clock.now() - start])
      return n === 1 && failures++ < 2 ? failing() : null
    })
    await run.enqueue('f', { g: 'a', n: 1 }, { queue: 'q' })
    await run.enqueue('f', { g: 'a', n: 2 }, { queue: 'q' })
    await calls.take(1)
    await clock.pass(1_000)
    expect(begun).toEqual([
      [1, 0],
      [1, 100],
      [1, 300],
      [2, 300],
    ])
  })

  test('15. a queue whose handler blocks does not hold up another', async () => {
    const run = await runQueue({ slow: { concurrency: 1 }, fast: {} })
    const block = Promise.withResolvers<null>()
    const slow = run.handle('slow', () => block.promise)
    const fast = run.handle('fast')
    await run.enqueue('slow', 1, { queue: 'slow' })
    await slow.take(1)
    for (let n = 0; n < 20; n++) await run.enqueue('fast', n, { queue: 'fast' })
    await fast.take(20)
    block.resolve(null)
  })

  test('16. a handler may enqueue into its own queue, and wait for the receipt', async () => {
    const run = await runQueue({ q: { concurrency: 1 } })
    const calls = run.handle('f', async (n: number) => {
      if (n < 3) await run.enqueue('f', n + 1, { queue: 'q' })
    })
    await run.enqueue('f', 1, { queue: 'q' })
    expect(await calls.take(3)).toEqual([1, 2, 3])
  })
})

describe('a worker that ends in the middle', () => {
  test('17. the job comes to its next provider, with one attempt used up', async () => {
    const run = await runQueue({ q: { backoff_ms: 1 } })
    const dying = run.engine.connect()
    const began = Promise.withResolvers<void>()
    dying.registerFunction('f', () => {
      began.resolve()
      return new Promise(() => {})
    })
    await run.enqueue('f', 'x', { queue: 'q' })
    await within(5_000, 'the first delivery', began.promise)
    dying.close()
    const attempts: any[] = []
    const calls = run.handle('f', (_payload, metadata) => void attempts.push(metadata))
    expect(await calls.take(1)).toEqual(['x'])
    expect(attempts[0]).toMatchObject({ attempt: 1 })
  })
})

describe('what a delivery carries', () => {
  test('19. trace and baggage of the publisher, without the tags of its own span', async () => {
    const run = await runQueue()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const baggage = 'iii.session.id=s,iii.tag.kind=x,iii.function.id=a,iii.tag.hidden=1, iii.tag.display_name=n'
    const calls = run.handle('b')
    const action = { type: 'enqueue', queue: 'default' } as const
    await run.worker.trigger({ function_id: 'b', payload: 1, action, traceparent, baggage })
    await calls.take(1)
    const delivery = run.engine.calls.find(({ from, function_id }) => from === 'iii-queue' && function_id === 'b')
    expect(delivery?.traceparent).toBe(traceparent)
    expect(delivery?.baggage?.split(',').sort()).toEqual(['iii.function.id=b', 'iii.session.id=s'])
  })

  test("a delivery of a job without a trace runs in nobody else's", async () => {
    const run = await runQueue({ q: { concurrency: 1 } })
    const gate = Promise.withResolvers<void>()
    const calls = run.handle('f', () => gate.promise)
    await run.enqueue('f', 1, { queue: 'q' })
    await run.enqueue('f', 2, { queue: 'q' })
    await calls.take(1)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const action = { type: 'enqueue', queue: 'q' } as const
    await run.worker.trigger({ function_id: 'f', payload: 3, action, traceparent })
    gate.resolve()
    await calls.take(3)
    const deliveries = run.engine.calls.filter(({ from, function_id }) => from === 'iii-queue' && function_id === 'f')
    expect(deliveries.map((delivery) => delivery.traceparent)).toEqual([undefined, undefined, traceparent])
  })

  test('the receipt, the queue and the attempt as metadata, and the namespace of the target', async () => {
    const run = await runQueue()
    const metadata: unknown[] = []
    const calls = run.handle('f', (_payload, received) => void metadata.push(received))
    const receipt = await run.enqueue('f', 1)
    await calls.take(1)
    expect(metadata).toEqual([{ messageReceiptId: receipt, queue: 'default', attempt: 0 }])
  })
})

describe('what a publisher may add', () => {
  test('a delay, as a time or as milliseconds', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ slow: { delay_ms: 500 } }, {}, { clock })
    const start = clock.now()
    const at: [string, number][] = []
    run.handle('f', (name: string) => void at.push([name, clock.now() - start]))
    await run.enqueue('f', 'delay_ms', { delay_ms: 300 })
    await run.enqueue('f', 'run_at', { run_at: start + 200 })
    await run.enqueue('f', 'iso', { run_at: new Date(start + 400).toISOString() })
    await run.enqueue('f', 'queue', { queue: 'slow' })
    await run.enqueue('f', 'past', { run_at: start - 1 })
    await clock.pass(1_000)
    expect(at).toEqual([
      ['past', 0],
      ['run_at', 200],
      ['delay_ms', 300],
      ['iso', 400],
      ['queue', 500],
    ])
  })

  test('a priority, of its own or by a member of the payload', async () => {
    const run = await runQueue({ q: { concurrency: 1, priority_field: 'p', max_priority: 9 } })
    const gate = Promise.withResolvers<void>()
    const calls = run.handle('f', ({ name }) => (name === 'first' ? gate.promise : null))
    await run.enqueue('f', { name: 'first' }, { queue: 'q' })
    await calls.take(1)
    await run.enqueue('f', { name: 'none', p: 'high' }, { queue: 'q' })
    await run.enqueue('f', { name: 'field', p: 5 }, { queue: 'q' })
    await run.enqueue('f', { name: 'clamped', p: 200 }, { queue: 'q' })
    await run.enqueue('f', { name: 'own', p: 9 }, { queue: 'q', priority: 6 })
    gate.resolve()
    expect((await calls.take(5)).map(({ name }) => name)).toEqual(['first', 'clamped', 'own', 'field', 'none'])
  })

  test('a deduplication key, of its own or by a member of the payload', async () => {
    const clock = new ManualClock()
    const run = await runQueue({ q: { dedup_field: 'order', dedup_window_ms: 1_000 } }, {}, { clock })
    const calls = run.handle('f')
    const send = (n: number, members: object = {}, payload: object = {}) =>
      run.enqueue('f', { n, ...payload }, { queue: 'q', ...members })
    await send(1, { dedup_key: 'k' })
    await send(2, { dedup_key: 'k' })
    await send(3, {}, { order: 7 })
    await send(4, {}, { order: 7 })
    await send(5, {}, { order: null })
    await clock.pass(1_001)
    await send(6, { dedup_key: 'k' })
    await clock.pass(1)
    expect(calls.items.map(({ n }) => n)).toEqual([1, 3, 5, 6])
  })

  test('the longest waits are times that can be shown', async () => {
    const clock = new ManualClock()
    const longest = Number.MAX_SAFE_INTEGER
    const run = await runQueue({ q: { backoff_ms: longest } }, {}, { clock })
    const calls = run.handle('f', failing)
    await run.enqueue('f', 'fails', { queue: 'q' })
    await calls.take(1)
    await settled()
    await run.enqueue('f', 'delayed', { queue: 'q', delay_ms: longest })
    await run.enqueue('f', 'at', { queue: 'q', run_at: 8.64e15 })
    await run.enqueue('f', 'text', { queue: 'q', run_at: '+275760-09-13T00:00:00.000Z' })
    const delayed = (await run.call('iii::queue::delayed', { queue: 'q' })) as { run_at: number }[]
    const years = delayed.map(({ run_at: time }) => new Date(time).getUTCFullYear())
    expect(years).toEqual([5_194, 5_194, 275_760, 275_760])
  })

  test('keys that no store can tell apart as text stay different', async () => {
    const run = await runQueue({ keyed: { dedup_field: 'k' } })
    const receipts = new Set<string>()
    for (const key of ['\ud800', '\ud801', '\ufffd']) receipts.add(await run.enqueue('nobody', 1, { dedup_key: key }))
    for (const k of ['\ud800', '\ud801', '\ufffd']) receipts.add(await run.enqueue('nobody', { k }, { queue: 'keyed' }))
    expect(receipts.size).toBe(6)
  })

  test('a second job with the same key has the receipt of the first one', async () => {
    const run = await runQueue()
    const enqueue = () => {
      const action = { type: 'enqueue', queue: 'default', dedup_key: 'k' } as const
      return run.worker.trigger({ function_id: 'nobody', payload: 1, action })
    }
    const first = await enqueue()
    expect(first).toEqual({ messageReceiptId: expect.any(String) })
    expect(await enqueue()).toEqual({ ...(first as object), duplicate: true })
  })

  test.each([
    [{ delay_ms: -1 }, '`delay_ms` must be an integer of at least 0, got number -1'],
    [{ delay_ms: '5' }, '`delay_ms` must be'],
    [{ priority: 256 }, '`priority` must be an integer from 0 to 255'],
    [{ run_at: 'tomorrow' }, '`run_at` must be Unix milliseconds, not seconds, or a time in ISO 8601'],
    // `Date.parse` makes a time of each of these.
    [{ run_at: '12' }, '`run_at` must be Unix milliseconds, not seconds, or a time in ISO 8601'],
    [{ run_at: 'Jan 1 2100' }, '`run_at` must be'],
    [{ run_at: '2100-02-31T09:00:00Z' }, '`run_at` must be'],
    [{ run_at: 8.64e15 + 1 }, '`run_at` must be'],
    [{ run_at: Math.round(Date.now() / 1_000) }, '`run_at` must be Unix milliseconds, not seconds'],
    [{ delay: 5 }, "unknown key 'delay'. Did you mean 'delay_ms'? Known keys: queue, function_id"],
    [{ priorty: 5 }, "unknown key 'priorty'. Did you mean 'priority'?"],
    [{ dedup_key: 5 }, '`dedup_key` must be a string'],
    [{ queue: 'a\nb' }, 'member `queue`, "a\\nb", has a control character'],
  ])('what does not fit is refused: %j', async (members, message) => {
    const run = await runQueue()
    await expect(run.enqueue('f', 1, members)).rejects.toMatchObject({
      code: 'enqueue_error',
      message: expect.stringContaining(message),
    })
  })
})

describe('the function behind the action', () => {
  const input = { queue: 'default', function_id: 'f', data: [1], messageReceiptId: 'mine' }

  test("can be called with a receipt of the caller's own", async () => {
    const run = await runQueue()
    const calls = run.handle('f')
    expect(await run.call('engine::queue::enqueue', input)).toEqual({ messageReceiptId: 'mine' })
    expect(await calls.take(1)).toEqual([[1]])
  })

  test('does not tell receipts apart', async () => {
    const run = await runQueue()
    const calls = run.handle('f')
    await run.call('engine::queue::enqueue', input)
    await run.call('engine::queue::enqueue', input)
    await calls.take(2)
  })

  test('tells of a job that stands for it', async () => {
    const run = await runQueue()
    await run.call('engine::queue::enqueue', { ...input, dedup_key: 'k' })
    const again = { ...input, messageReceiptId: 'other', dedup_key: 'k' }
    expect(await run.call('engine::queue::enqueue', again)).toEqual({ messageReceiptId: 'mine', duplicate: true })
  })

  test.each(['queue', 'function_id', 'messageReceiptId'])('names an empty %s', async (member) => {
    const run = await runQueue()
    await expect(run.call('engine::queue::enqueue', { ...input, [member]: '' })).rejects.toMatchObject({
      code: 'deserialization_error',
      message: expect.stringContaining(member),
    })
  })
})

describe('settings', () => {
  test.each([
    ['an unknown member', { q: { foo: 1 } }, /q.*foo|foo.*q/s],
    ['an unknown type', { q: { type: 'weird' } }, /queue_configs\.q\.type/],
    ['concurrency 0', { q: { concurrency: 0 } }, /queue_configs\.q\.concurrency/],
    ['max_priority 0', { q: { max_priority: 0 } }, /queue_configs\.q\.max_priority/],
    [
      'fifo whose group is null',
      { q: { type: 'fifo', message_group_field: null } },
      /queue_configs\.q.*a fifo queue needs/,
    ],
    [
      'fifo without a group',
      { q: { type: 'fifo' } },
      /queue_configs\.q: missing 'message_group_field': a fifo queue needs/,
    ],
  ])('5. %s is refused with the name of the queue', async (_what, queues, message) => {
    await expect(runQueue(queues as never)).rejects.toThrow(message)
  })

  test('45. in memory a restart begins with nothing', async () => {
    const first = await runQueue({}, {}, { method: 'in_memory' })
    await first.enqueue('nobody', 1)
    await first.stop()
    const second = await runQueue({}, {}, { method: 'in_memory', projectRoot: first.projectRoot })
    const calls = second.handle('nobody')
    await second.enqueue('nobody', 2)
    expect(await calls.take(1)).toEqual([2])
    await settled()
    expect(calls.items).toEqual([2])
    expect(first.log.lines.some(({ message }) => message.includes('kept in memory'))).toBe(true)
  })

  test('queues are added, changed and taken out while the plugin runs', async () => {
    const run = await runQueue({ gone: {}, kept: {} })
    const calls = run.handle('f')
    expect(
      await run.host.reconfigure({
        adapter: { name: 'builtin', config: { store_method: 'file_based' } },
        queue_configs: { kept: {}, fresh: {} },
      }),
    ).toBe(true)
    await run.enqueue('f', 1, { queue: 'fresh' })
    await run.enqueue('f', 2, { queue: 'kept' })
    await run.enqueue('f', 3, { queue: 'default' })
    await calls.take(3)
    await expect(run.enqueue('f', 4, { queue: 'gone' })).rejects.toMatchObject({
      message: expect.stringContaining("'gone' was not found"),
    })
  })
})
