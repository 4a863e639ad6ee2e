import { expect, test } from 'vitest'
import { PacedCaller } from '../../../kit/triggers/paced-caller.ts'
import { within } from '../../support/deadline.ts'
import { ManualHandle } from './manual-handle.ts'

const call = (caller: PacedCaller, id: string) => caller.trigger({ function_id: id })

test('calls go through at once while there is room', async () => {
  const handle = new ManualHandle()
  const caller = new PacedCaller(handle)
  const answer = call(caller, 'a')
  expect(handle.calls).toEqual(['a'])
  expect(await answer).toBe('result of a')
  expect([caller.blocked, caller.waiting]).toEqual([false, 0])
})

test('what there is no room for waits, and is made in order when there is', async () => {
  const handle = new ManualHandle()
  const caller = new PacedCaller(handle)
  handle.allow(2)
  const answers = ['a', 'b', 'c', 'd', 'e'].map((id) => call(caller, id))
  expect(handle.calls).toEqual(['a', 'b'])
  expect([caller.blocked, caller.waiting]).toEqual([true, 3])
  const free = caller.free()
  handle.allow(2)
  await within(5_000, 'the fourth call', answers[3]!)
  expect(handle.calls).toEqual(['a', 'b', 'c', 'd'])
  expect([caller.blocked, caller.waiting]).toEqual([true, 1])
  // There is room for it, yet it comes after those that wait.
  handle.allow(Infinity)
  answers.push(call(caller, 'f'))
  await within(5_000, 'an empty line', free)
  expect(handle.calls).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => `result of ${id}`))
  expect(caller.blocked).toBe(false)
})

test('a call that fails rejects for whoever made it, and the next one is made', async () => {
  const handle = new ManualHandle()
  const caller = new PacedCaller({
    get congested() {
      return handle.congested
    },
    drained: () => handle.drained(),
    trigger: (request) =>
      request.function_id === 'bad' ? Promise.reject(new Error('it failed')) : handle.trigger(request),
  })
  handle.allow(0)
  const [bad, good] = [call(caller, 'bad'), call(caller, 'good')]
  handle.allow(5)
  await expect(bad).rejects.toThrow('it failed')
  expect(await good).toBe('result of good')
})
