import { expect, test } from 'vitest'
import { TriggerBindings, type BindingFilter } from '../../../kit/triggers/trigger-bindings.ts'
import type { PubSubEvent } from '../../../plugins/pubsub/adapters/adapter.ts'
import { Broadcast, type BroadcastLimits } from '../../../plugins/pubsub/broadcast.ts'
import { PacedCaller } from '../../../kit/triggers/paced-caller.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'
import { ManualHandle } from '../../kit/triggers/manual-handle.ts'

function scene(limits: Partial<BroadcastLimits> = {}) {
  const handle = new ManualHandle()
  const caller = new PacedCaller(handle)
  const broadcast = new Broadcast(caller, limits)
  const bindings = new TriggerBindings<BindingFilter, PubSubEvent>({
    iii: caller,
    log: collectingLog(),
    readConfig: () => ({}),
    matches: () => true,
    payload: ({ json }) => json,
  })
  const subscribe = (id: string): void => bindings.registerTrigger({ id, function_id: id, config: {} })
  const send = (json = '1') => broadcast.send({ topic: 't', json, origin: {} }, bindings)
  return { handle, broadcast, bindings, subscribe, send }
}

test('an event is handed over at once, and nothing is waited for', () => {
  const { handle, subscribe, send } = scene()
  subscribe('a')
  subscribe('b')
  expect(send()).toBeUndefined()
  expect(handle.calls).toEqual(['a', 'b'])
})

test('while the engine takes no calls events wait, and go out in order', async () => {
  const { handle, broadcast, subscribe, send } = scene()
  subscribe('a')
  handle.allow(0)
  const handedOver: number[] = []
  const sent = [1, 2, 3].map((number) => Promise.resolve(send()).then(() => handedOver.push(number)))
  expect(handle.calls).toEqual([])
  handle.allow(2)
  await within(5_000, 'the second event', sent[1]!)
  expect([handle.calls, handedOver]).toEqual([
    ['a', 'a'],
    [1, 2],
  ])
  handle.allow(Infinity)
  await within(5_000, 'an empty line', broadcast.settled())
  expect(handle.calls).toEqual(['a', 'a', 'a'])
  expect(send()).toBeUndefined()
})

test('an event that nobody gets never waits', () => {
  const { handle, send } = scene()
  handle.allow(0)
  expect(send()).toBeUndefined()
})

test.each<[string, Partial<BroadcastLimits>]>([
  ['events', { maxWaiting: 3 }],
  ['characters', { maxWaitingCharacters: 7 }],
])('the number of %s that may wait is limited', async (_name, limits) => {
  const { handle, broadcast, subscribe, send } = scene(limits)
  subscribe('a')
  handle.allow(0)
  const waiting = [send('10'), send('20'), send('30')]
  expect(() => send('40')).toThrow(
    expect.objectContaining({
      code: 'overloaded',
      message: expect.stringMatching(
        /^3 events \(6 characters\) wait .* The event was not delivered; publish it again/,
      ),
    }),
  )
  handle.allow(Infinity)
  await Promise.all(waiting)
  await within(5_000, 'an empty line', broadcast.settled())
  expect(handle.calls).toEqual(['a', 'a', 'a'])
  expect(send('40')).toBeUndefined()
})
