// A worker that answers nothing while calls wait for it: others are preferred where there are any.
import { expect, it } from 'vitest'
import type { EngineOptions } from '../../../core/model/options.ts'
import { setClock } from '../../support/set-clock.ts'
import { makeRouter } from './test-router.ts'

function scene(options: Partial<EngineOptions> = {}) {
  const test = makeRouter(options)
  const [one, two, caller] = [test.join(), test.join(), test.join()]
  for (const { worker } of [one, two]) test.provide(worker, 'f')
  /** How many of these calls each of the two gets; the second answers at once. */
  const call = (count: number): number[] => {
    const before = [one, two].map(({ link }) => link.delivered.length)
    for (let made = 0; made < count; made++) {
      test.call(caller, 'f')
      if (two.link.unanswered.length > 0) test.reply(two, null)
    }
    return [one, two].map(({ link }, index) => link.delivered.length - before[index]!)
  }
  return { test, one, two, caller, call }
}

it('gets no more calls once it has been silent for long, and its share again once it answers', async () => {
  const clock = await setClock(0)
  const { test, one, two, call } = scene()
  expect(call(2)).toEqual([1, 1])
  // Whoever has more in flight is not preferred anyway: one call each.
  test.call(test.join(), 'f')
  if (two.link.unanswered.length === 0) test.call(test.join(), 'f')
  const before = one.link.delivered.length
  await clock.set(10_001)
  while (two.link.unanswered.length > 0) test.reply(two, null)
  expect(call(3)).toEqual([0, 3])
  expect(one.link.delivered).toHaveLength(before)
  while (one.link.unanswered.length > 0) test.reply(one, null)
  expect(call(2)).toEqual([1, 1])
})

it('is chosen after one with more calls in flight, if that one answers', async () => {
  const clock = await setClock(0)
  const { test, one, two, caller } = scene()
  test.call(caller, 'f')
  test.call(caller, 'f')
  expect([one, two].map(({ link }) => link.unanswered.length)).toEqual([1, 1])
  await clock.set(10_001)
  test.reply(two, null)
  for (let made = 0; made < 5; made++) test.call(caller, 'f')
  expect([one, two].map(({ link }) => link.unanswered.length)).toEqual([1, 5])
})

it('shares the calls as before when all are silent, or nobody is to count as that', async () => {
  for (const options of [{}, { unresponsive_ms: 0 }]) {
    const clock = await setClock(0)
    const { test, one, two, caller } = scene(options)
    test.call(caller, 'f')
    test.call(caller, 'f')
    await clock.set(60_000)
    if (options.unresponsive_ms === 0) test.reply(two, null)
    test.call(caller, 'f')
    test.call(caller, 'f')
    test.call(caller, 'f')
    expect(one.link.delivered.length).toBeGreaterThan(1)
    expect(two.link.delivered.length).toBeGreaterThan(1)
  }
})

it('is none with void calls alone, and none that was given a call just now', async () => {
  const clock = await setClock(0)
  const { test, one, caller } = scene()
  for (let made = 0; made < 4; made++) test.call(caller, 'f', {}, { type: 'void' })
  await clock.set(30_000)
  expect(one.worker.silentMs(30_000)).toBe(0)
  test.call(caller, 'f')
  test.call(caller, 'f')
  expect(one.worker.silentMs(30_000)).toBe(0)
})

it('is silent still when a call is given up by the engine, for that is no answer', async () => {
  const clock = await setClock(0)
  const test = makeRouter()
  const [worker, caller] = [test.join({ maxUnanswered: 2 }), test.join()]
  test.provide(worker.worker, 'f')
  for (let made = 0; made < 3; made++) test.call(caller, 'f')
  await clock.set(11_000)
  for (let made = 0; made < 3; made++) test.call(caller, 'f')
  expect(worker.worker.waiting).toBe(2)
  expect(worker.worker.silentMs(11_000)).toBe(11_000)
})
