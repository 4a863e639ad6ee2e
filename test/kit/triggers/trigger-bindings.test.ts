import { describe, expect, test } from 'vitest'
import {
  LANE_DEFAULTS,
  readCondition,
  readConfigObject,
  readOptionalText,
  TriggerBindings,
  type LaneLimits,
} from '../../../kit/triggers/trigger-bindings.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'

interface Call extends TriggerRequest {
  resolve(value?: unknown): void
  reject(error: unknown): void
}

/** Bindings over a handle whose calls the test answers. */
function setUp(limits: Partial<LaneLimits> = {}) {
  const calls: Call[] = []
  const log = collectingLog()
  const clock = { now: 0 }
  const iii = {
    trigger(request: TriggerRequest): Promise<unknown> {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      calls.push({ ...request, resolve, reject })
      return promise
    },
  }
  const bindings = new TriggerBindings<
    { topic: string | undefined; condition_function_id: string | undefined },
    { topic: string; n: number; key?: string }
  >({
    iii,
    log,
    readConfig: (config) => {
      const members = readConfigObject(config)
      return { topic: readOptionalText(members, 'topic'), condition_function_id: readCondition(members) }
    },
    matches: ({ topic }, event) => topic === undefined || topic === event.topic,
    payload: ({ n }) => ({ n }),
    bytes: () => 10,
    orderKey: ({ n, key }) => key ?? `${n}`,
    limits,
    now: () => clock.now,
  })
  const bind = (id: string, config: unknown = {}, more: object = {}) =>
    bindings.registerTrigger({ id, function_id: `f-${id}`, config, ...more })
  const fire = (...numbers: number[]) => numbers.forEach((n) => bindings.fire({ topic: 't', n }))
  /** `a1` is event 1 of key a. */
  const fireOn = (...events: string[]) =>
    events.forEach((event) => bindings.fire({ topic: 't', key: event[0]!, n: Number(event.slice(1)) }))
  const seen = () => calls.map(({ function_id, payload }) => `${function_id}:${(payload as { n: number }).n}`)
  return { bindings, calls, log, clock, bind, fire, fireOn, seen }
}

/** Lets everything run that is ready to. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('matching', () => {
  test('fires the bindings that match, in order of registration, each naming its binding', () => {
    const { bind, fire, calls, seen } = setUp()
    bind('b', { topic: 't' })
    bind('a', {}, { metadata: { m: 1 }, namespace: 'blue' })
    bind('c', { topic: 'other' })
    fire(1)
    expect(seen()).toEqual(['f-b:1', 'f-a:1'])
    expect(calls[0]).toMatchObject({ binding: 'b' })
    expect(calls[0]).not.toHaveProperty('metadata')
    expect(calls[1]).toMatchObject({ binding: 'a', metadata: { m: 1 }, namespace: 'blue' })
  })

  test('the same id replaces the binding at its place', () => {
    const { bind, fire, seen, bindings } = setUp()
    bind('a')
    bind('b')
    bindings.registerTrigger({ id: 'a', function_id: 'f-new', config: null })
    fire(1)
    expect(seen()).toEqual(['f-new:1', 'f-b:1'])
    expect(bindings.size).toBe(2)
  })

  test('an unregistered binding no longer fires, and an unknown id is ignored', () => {
    const { bind, fire, seen, bindings } = setUp()
    bind('a')
    bindings.unregisterTrigger({ id: 'a' })
    bindings.unregisterTrigger({ id: 'never seen' })
    fire(1)
    expect(seen()).toEqual([])
  })

  test('a config of the wrong type refuses the binding and keeps the earlier one', () => {
    const { bind, fire, seen } = setUp()
    bind('a')
    expect(() => bind('a', { topic: 1 })).toThrow('`topic` must be a string, got 1')
    expect(() => bind('a', { condition_function_id: {} })).toThrow('`condition_function_id` must be a string')
    expect(() => bind('a', [])).toThrow('the config must be an object')
    fire(1)
    expect(seen()).toEqual(['f-a:1'])
  })

  test('the trace context of the event goes with every call', async () => {
    const { bindings, bind, calls } = setUp()
    bind('a', { condition_function_id: 'c' })
    bindings.fire({ topic: 't', n: 1 }, { traceparent: '00-1', baggage: 'k=v' })
    calls[0]!.resolve(true)
    await settled()
    expect(calls).toMatchObject([
      { function_id: 'c', traceparent: '00-1', baggage: 'k=v' },
      { function_id: 'f-a', traceparent: '00-1', baggage: 'k=v' },
    ])
  })
})

describe('handlers', () => {
  test('of one binding start in the order of the events, without waiting for each other', () => {
    const { bind, fire, seen } = setUp()
    bind('a')
    fire(1, 2, 3)
    expect(seen()).toEqual(['f-a:1', 'f-a:2', 'f-a:3'])
  })

  test('one that hangs starves neither other bindings nor later events', async () => {
    const { bind, fire, calls, seen } = setUp({ maxInFlight: 1 })
    bind('hangs')
    bind('works')
    fire(1, 2)
    expect(seen()).toEqual(['f-hangs:1', 'f-works:1'])
    calls[1]!.resolve()
    await settled()
    expect(seen()).toEqual(['f-hangs:1', 'f-works:1', 'f-works:2'])
  })

  test('that fail are logged, at most once per second, and change nothing', async () => {
    const { bind, fire, calls, log, clock } = setUp()
    bind('a')
    fire(1, 2, 3)
    for (const call of calls) call.reject(Object.assign(new Error('broken'), { code: 'X' }))
    await settled()
    clock.now = 1_000
    fire(4)
    calls[3]!.reject('text')
    await settled()
    expect(log.lines).toEqual([
      { level: 'error', message: 'The handler f-a failed.', data: { binding: 'a', code: 'X', error: 'broken' } },
      {
        level: 'error',
        message: 'The handler f-a failed.',
        data: { binding: 'a', code: undefined, error: 'text', not_logged_before: 2 },
      },
    ])
  })
})

describe('conditions', () => {
  test.each([true, undefined, null, 0, '', {}])('%j passes', async (answer) => {
    const { bind, fire, calls, seen } = setUp()
    bind('a', { condition_function_id: 'c' }, { metadata: 1, namespace: 'blue' })
    fire(1)
    expect(calls[0]).toMatchObject({ function_id: 'c', payload: { n: 1 }, binding: 'a', namespace: 'blue' })
    expect(calls[0]).not.toHaveProperty('metadata')
    calls[0]!.resolve(answer)
    await settled()
    expect(seen()).toEqual(['c:1', 'f-a:1'])
    expect(calls[1]).toMatchObject({ metadata: 1 })
  })

  test('false skips, and so does an error, which is logged', async () => {
    const { bind, fire, calls, seen, log } = setUp()
    bind('a', { condition_function_id: 'c' })
    fire(1, 2)
    calls[0]!.resolve(false)
    calls[1]!.reject(Object.assign(new Error('Function c not found'), { code: 'function_not_found' }))
    await settled()
    expect(seen()).toEqual(['c:1', 'c:2'])
    expect(log.lines).toMatchObject([{ level: 'error', data: { binding: 'a', code: 'function_not_found' } }])
  })
})

describe('the order of the events of a key behind a condition', () => {
  const conditional = { condition_function_id: 'c' }

  test('a handler starts only when the condition of the earlier event has decided', async () => {
    const { bind, fireOn, calls, seen } = setUp()
    bind('a', conditional)
    fireOn('a1', 'a2', 'a3', 'b4')
    expect(seen()).toEqual(['c:1', 'c:2', 'c:3', 'c:4'])
    calls[1]!.resolve(true)
    calls[2]!.resolve(true)
    calls[3]!.resolve(true)
    await settled()
    expect(seen().slice(4)).toEqual(['f-a:4'])
    calls[0]!.resolve(true)
    await settled()
    expect(seen().slice(5)).toEqual(['f-a:1', 'f-a:2', 'f-a:3'])
  })

  test('an event that is skipped, or whose condition fails, lets the next one go on', async () => {
    const { bind, fireOn, calls, seen } = setUp()
    bind('a', conditional)
    fireOn('a1', 'a2', 'a3')
    calls[2]!.resolve(true)
    calls[1]!.reject(new Error('timeout'))
    await settled()
    expect(seen()).toHaveLength(3)
    calls[0]!.resolve(false)
    await settled()
    expect(seen().slice(3)).toEqual(['f-a:3'])
  })

  test('a handler that hangs holds up no later event of its key', async () => {
    const { bind, fireOn, calls, seen } = setUp()
    bind('a', conditional)
    fireOn('a1', 'a2')
    calls[0]!.resolve(true)
    calls[1]!.resolve(true)
    await settled()
    expect(seen().slice(2)).toEqual(['f-a:1', 'f-a:2'])
  })

  test('a condition that hangs holds up its key in its binding alone, however many events the key has', async () => {
    const { bind, fireOn, calls, seen } = setUp({ maxInFlight: 4, maxUndecidedPerKey: 2 })
    bind('hangs', conditional)
    bind('works')
    fireOn('a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b7')
    // Two of key a are asked for, the others are held; key b finds room.
    const asked = seen().filter((call) => call.startsWith('c:'))
    expect(asked).toEqual(['c:1', 'c:2', 'c:7'])
    expect(seen().filter((call) => call.startsWith('f-works'))).toHaveLength(4)
    calls.find(({ function_id, payload }) => function_id === 'c' && (payload as { n: number }).n === 7)!.resolve()
    await settled()
    expect(seen()).toContain('f-hangs:7')
  })

  test('held events follow in order as those before them are decided', async () => {
    const { bind, fireOn, calls, seen, bindings } = setUp({ maxUndecidedPerKey: 2, maxWaiting: 3 })
    bind('a', conditional)
    fireOn('a1', 'a2', 'a3', 'a4', 'a5', 'a6')
    expect(bindings.dropped).toBe(1)
    for (let index = 0; index < calls.length; index++) {
      if (calls[index]!.function_id === 'c') calls[index]!.resolve(true)
      await settled()
    }
    expect(seen().filter((call) => call.startsWith('f-'))).toEqual([1, 2, 3, 4, 5].map((n) => `f-a:${n}`))
  })

  test('a binding that loses its condition still keeps the order', async () => {
    const { bind, fireOn, calls, seen } = setUp()
    bind('a', conditional)
    fireOn('a1')
    bind('a')
    fireOn('a2', 'b3')
    expect(seen()).toEqual(['c:1', 'f-a:3'])
    calls[0]!.resolve(true)
    await settled()
    expect(seen().slice(2)).toEqual(['f-a:1', 'f-a:2'])
    fireOn('a4')
    expect(seen().at(-1)).toBe('f-a:4')
  })

  test('the end of a generation asks for what is held as well, in order', async () => {
    const { bind, fireOn, calls, seen, bindings } = setUp({ maxUndecidedPerKey: 1 })
    bind('a', conditional)
    fireOn('a1', 'a2', 'a3')
    const done = bindings.settle(60_000)
    fireOn('a4')
    expect(seen()).toEqual(['c:1', 'c:2', 'c:3', 'c:4'])
    for (const call of calls.toReversed()) call.resolve(true)
    expect(await within(5_000, 'settle', done)).toBe(true)
    expect(seen().slice(4)).toEqual(['f-a:1', 'f-a:2', 'f-a:3', 'f-a:4'])
  })

  test('unregistering forgets what is held', async () => {
    const { bind, fireOn, calls, seen, bindings } = setUp({ maxUndecidedPerKey: 1 })
    bind('a', conditional)
    fireOn('a1', 'a2')
    bindings.unregisterTrigger({ id: 'a' })
    calls[0]!.resolve(false)
    await settled()
    expect(seen()).toEqual(['c:1'])
    expect(await within(5_000, 'settle', bindings.settle(60_000))).toBe(true)
  })
})

describe('bounds', () => {
  test('the defaults', () => {
    expect(LANE_DEFAULTS).toMatchObject({ maxInFlight: 512, maxWaiting: 10_000, maxUndecidedPerKey: 32 })
  })

  test('beyond the window events wait in order; beyond the queue the newest are dropped, counted and warned about once per second', async () => {
    const { bind, fire, calls, seen, log, clock, bindings } = setUp({ maxInFlight: 2, maxWaiting: 3 })
    bind('a')
    fire(1, 2, 3, 4, 5, 6, 7)
    expect(seen()).toEqual(['f-a:1', 'f-a:2'])
    expect(bindings.dropped).toBe(2)
    expect(log.lines).toMatchObject([{ level: 'warn', data: { binding: 'a', dropped: 1 } }])
    clock.now = 1_000
    fire(8)
    expect(log.lines[1]).toMatchObject({ level: 'warn', data: { dropped: 3, not_logged_before: 1 } })
    for (let i = 0; i < 5; i++) {
      calls[i]!.resolve()
      await settled()
    }
    expect(seen()).toEqual(['f-a:1', 'f-a:2', 'f-a:3', 'f-a:4', 'f-a:5'])
    fire(9)
    expect(seen().at(-1)).toBe('f-a:9')
    bindings.unregisterTrigger({ id: 'a' })
    expect(bindings.dropped).toBe(3)
  })

  test('waiting payloads are bounded in bytes too', () => {
    const { bind, fire, bindings } = setUp({ maxInFlight: 1, maxWaitingBytes: 25 })
    bind('a')
    fire(1, 2, 3, 4)
    expect(bindings.dropped).toBe(1)
  })

  test('events that wait for a replaced binding go to its new target', async () => {
    const { bind, fire, calls, seen, bindings } = setUp({ maxInFlight: 1 })
    bind('a')
    fire(1, 2)
    bindings.registerTrigger({ id: 'a', function_id: 'f-new', config: {} })
    calls[0]!.resolve()
    await settled()
    expect(seen()).toEqual(['f-a:1', 'f-new:2'])
  })
})

describe('the end of a generation', () => {
  test('hands out everything that waits, past the window, and does not wait for handlers', async () => {
    const { bind, fire, seen, bindings } = setUp({ maxInFlight: 1 })
    bind('a')
    fire(1, 2, 3)
    expect(await within(5_000, 'settle', bindings.settle(60_000))).toBe(true)
    expect(seen()).toEqual(['f-a:1', 'f-a:2', 'f-a:3'])
  })

  test('waits until conditions have decided', async () => {
    const { bind, fire, calls, seen, bindings } = setUp()
    bind('a', { condition_function_id: 'c' })
    fire(1)
    const done = bindings.settle(60_000)
    calls[0]!.resolve(true)
    expect(await within(5_000, 'settle', done)).toBe(true)
    expect(seen()).toEqual(['c:1', 'f-a:1'])
  })

  test('but not longer than its deadline', async () => {
    const { bind, fire, bindings } = setUp()
    bind('a', { condition_function_id: 'c' })
    fire(1)
    expect(await within(5_000, 'settle', bindings.settle(5))).toBe(false)
  })
})
