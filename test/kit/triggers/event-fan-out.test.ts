// Events for several bindings over a handle that can call many functions at once: which go that way, and what comes of them.
import { expect, test } from 'vitest'
import {
  readCondition,
  readConfigObject,
  TriggerBindings,
  type LaneLimits,
} from '../../../kit/triggers/trigger-bindings.ts'
import type { FanOut } from '../../../sdk/fan-outs.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { ManualHandle } from './manual-handle.ts'

class FanOutHandle extends ManualHandle {
  readonly fannedOut: FanOut[] = []
  readonly fanOut = (call: FanOut): void => void this.fannedOut.push(call)
}

function setUp(limits: Partial<LaneLimits> = {}, matches: (id: string) => boolean = () => true) {
  const handle = new FanOutHandle()
  const log = collectingLog()
  const bindings = new TriggerBindings<{ condition_function_id: string | undefined }, number>({
    iii: handle,
    log,
    readConfig: (config) => ({ condition_function_id: readCondition(readConfigObject(config)) }),
    matches: (_filter, _event, { id }) => matches(id),
    payload: (n) => ({ n }),
    limits,
  })
  const bind = (id: string, config: object = {}) => bindings.registerTrigger({ id, function_id: `f-${id}`, config })
  const sent = () => handle.fannedOut.map(({ bindings: to, payload }) => [to.map(({ id }) => id).join(' '), payload])
  return { handle, log, bindings, bind, sent }
}

test('the handlers of an event are called at once, those behind a condition by themselves', async () => {
  const { handle, bindings, bind, sent } = setUp()
  bind('a')
  bind('b', { condition_function_id: 'asked' })
  bind('c')
  bindings.fire(1, { traceparent: '00-t' })
  expect(sent()).toEqual([['a c', { n: 1 }]])
  expect(handle.fannedOut[0]).toMatchObject({ traceparent: '00-t' })
  await expect.poll(() => handle.calls).toEqual(['asked', 'f-b'])
})

test('an event for one handler is a call like any other', () => {
  const { handle, bindings, bind } = setUp()
  bind('a')
  bindings.fire(1)
  expect(handle.calls).toEqual(['f-a'])
  expect(handle.fannedOut).toEqual([])
})

test('a failure is logged with its binding, and the next event takes its place', () => {
  const { handle, log, bindings, bind, sent } = setUp({ maxInFlight: 1 })
  bind('a')
  bind('b')
  bindings.fire(1)
  bindings.fire(2)
  expect(sent()).toEqual([['a b', { n: 1 }]])
  handle.fannedOut[0]?.onSettled(1, Object.assign(new Error('no'), { code: 'NOT_FOUND' }))
  expect(log.lines).toMatchObject([{ level: 'error', message: 'The handler f-b failed.', data: { code: 'NOT_FOUND' } }])
  expect(handle.calls).toEqual(['f-b'])
  handle.fannedOut[0]?.onSettled(0, undefined)
  expect(handle.calls).toEqual(['f-b', 'f-a'])
})

test('the handlers that an event was found to match are called also when it is not known for the next one', () => {
  const { handle, bindings, bind, sent } = setUp({ maxInFlight: 1 }, (id) => {
    if (id === 'c') throw new Error('no')
    return true
  })
  for (const id of ['a', 'b', 'c']) bind(id)
  expect(() => bindings.fire(1)).toThrow('no')
  expect(sent()).toEqual([['a b', { n: 1 }]])
  for (const place of [0, 1]) handle.fannedOut[0]?.onSettled(place, undefined)
  expect(() => bindings.fire(2)).toThrow('no')
  expect(sent()).toHaveLength(2)
})

test('while calls have to wait, each handler is called when there is room', async () => {
  const { handle, bindings, bind } = setUp()
  bind('a')
  bind('b')
  handle.allow(0)
  bindings.fire(1)
  expect(handle.fannedOut).toEqual([])
  handle.allow(Infinity)
  await expect.poll(() => handle.calls).toEqual(['f-a', 'f-b'])
})

test('an event goes to the function that its binding had when it was fired', () => {
  const { handle, log, bindings, bind } = setUp()
  bind('a')
  bind('b')
  bindings.fire(1)
  bindings.registerTrigger({ id: 'a', function_id: 'f-other', config: {} })
  bindings.fire(2)
  expect(handle.fannedOut.map(({ bindings: [first] }) => first?.function_id)).toEqual(['f-a', 'f-other'])
  handle.fannedOut[0]?.onSettled(0, new Error('no'))
  expect(log.lines).toMatchObject([{ message: 'The handler f-a failed.' }])
})
