import { describe, expect, test } from 'vitest'
import {
  LANE_DEFAULTS,
  readCondition,
  readConfigObject,
  readOptionalText,
  TriggerBindings,
  type LaneLimits,
} from '../../kit/trigger-bindings.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'
import { collectingLog } from '../support/collecting-log.ts'
import { within } from '../support/deadline.ts'

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
    { topic: string; n: number }
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
    limits,
    now: () => clock.now,
  })
  const bind = (id: string, config: unknown = {}, more: object = {}) =>
    bindings.registerTrigger({ id, function_id: `f-${id}`, config, ...more })
  const fire = (...numbers: number[]) => numbers.forEach((n) => bindings.fire({ topic: 't', n }))
  const seen = () => calls.map(({ function_id, payload }) => `${function_id}:${(payload as { n: number }).n}`)
  return { bindings, calls, log, clock, bind, fire, seen }
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

describe('bounds', () => {
  test('the defaults', () => {
    expect(LANE_DEFAULTS).toMatchObject({ maxInFlight: 512, maxWaiting: 10_000 })
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
    expect(await within(1_000, 'settle', bindings.settle(60_000))).toBe(true)
    expect(seen()).toEqual(['f-a:1', 'f-a:2', 'f-a:3'])
  })

  test('waits until conditions have decided', async () => {
    const { bind, fire, calls, seen, bindings } = setUp()
    bind('a', { condition_function_id: 'c' })
    fire(1)
    const done = bindings.settle(60_000)
    calls[0]!.resolve(true)
    expect(await within(1_000, 'settle', done)).toBe(true)
    expect(seen()).toEqual(['c:1', 'f-a:1'])
  })

  test('but not longer than its deadline', async () => {
    const { bind, fire, bindings } = setUp()
    bind('a', { condition_function_id: 'c' })
    fire(1)
    expect(await within(1_000, 'settle', bindings.settle(5))).toBe(false)
  })
})
