// A burst of events to many bindings is more than a handle takes at once: nobody misses one, and the end of a generation waits.
import { expect, test } from 'vitest'
import { TriggerBindings } from '../../../kit/triggers/trigger-bindings.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'
import { ManualHandle } from './manual-handle.ts'

function setUp(bindings: number) {
  const handle = new ManualHandle()
  const log = collectingLog()
  const fired = new TriggerBindings<object, number>({
    iii: handle,
    log,
    readConfig: () => ({}),
    matches: () => true,
    payload: (n) => n,
  })
  for (let n = 0; n < bindings; n++) fired.registerTrigger({ id: `b${n}`, function_id: `f${n}`, config: {} })
  return { handle, log, fired }
}

test('what the handle has no room for is called when it has, in order, and nothing fails', async () => {
  const { handle, log, fired } = setUp(4)
  handle.allow(3)
  for (let event = 0; event < 5; event++) fired.fire(event)
  expect(handle.calls).toHaveLength(3)
  const settled = fired.settle(5_000)
  handle.allow(7)
  await expect.poll(() => handle.calls.length).toBe(10)
  handle.allow(Infinity)
  expect(await within(5_000, 'the end', settled)).toBe(true)
  const inOrder = Array.from({ length: 5 }, () => ['f0', 'f1', 'f2', 'f3']).flat()
  expect(handle.calls).toEqual(inOrder)
  expect(log.lines).toEqual([])
})

test('the end of a generation does not wait longer than it may', async () => {
  const { handle, fired } = setUp(1)
  handle.allow(0)
  fired.fire(1)
  expect(await fired.settle(20)).toBe(false)
})
