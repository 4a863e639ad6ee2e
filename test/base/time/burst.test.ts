import { expect, onTestFinished, test } from 'vitest'
import { Burst, MAX_POSTPONEMENTS } from '../../../base/time/burst.ts'
import { ManualClock } from '../../core/host/manual-clock.ts'

function bursting() {
  const clock = new ManualClock()
  let ends = 0
  const burst = new Burst(10, { clock, onEnd: () => ends++ })
  onTestFinished(() => burst.close())
  return { clock, burst, ends: () => ends }
}

test('many events are told as one, after a silence', () => {
  const { clock, burst, ends } = bursting()
  for (let event = 0; event < 5; event++) {
    burst.add()
    clock.move(9)
  }
  expect(ends()).toBe(0)
  clock.move(1)
  expect(ends()).toBe(1)
  clock.move(1_000)
  expect(ends()).toBe(1)
})

test('events that never pause are told all the same, again and again', () => {
  const { clock, burst, ends } = bursting()
  const longest = (MAX_POSTPONEMENTS + 1) * 10
  for (let ms = 0; ms < 3 * longest; ms++) {
    burst.add()
    clock.move(1)
  }
  expect(ends()).toBeGreaterThanOrEqual(3)
})

test('events that never pause are told after the longest time, however many there are', () => {
  const clock = new ManualClock()
  const ends: number[] = []
  const burst = new Burst(10, { clock, longestMs: 100, onEnd: () => ends.push(clock.passed()) })
  onTestFinished(() => burst.close())
  for (let ms = 0; ms < 250; ms++) {
    burst.add()
    clock.move(1)
  }
  // The last event that puts the end off comes ten before it.
  expect(ends).toEqual([100, 200])
  clock.move(100)
  expect(ends).toEqual([100, 200, 259])
})

test('a burst that is under way at close is never told', () => {
  const { clock, burst, ends } = bursting()
  burst.add()
  burst.close()
  burst.add()
  clock.move(1_000)
  expect(ends()).toBe(0)
})
