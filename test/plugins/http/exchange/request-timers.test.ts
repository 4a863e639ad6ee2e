import { expect, it } from 'vitest'
import { RequestTimers } from '../../../../plugins/http/exchange/request-timers.ts'
import { ManualClock } from '../../../../testing/manual-clock.ts'

function timed(name: string, expired: string[]) {
  return { deadline: 0, limitMs: 0, timedAt: -1, expired: () => void expired.push(name) }
}

it('expires what was started and not stopped, each at its time', () => {
  const clock = new ManualClock()
  const timers = new RequestTimers(clock, 100)
  const expired: string[] = []
  const [a, b, c] = ['a', 'b', 'c'].map((name) => timed(name, expired))
  timers.start(a!)
  clock.move(50)
  timers.start(b!)
  timers.start(c!)
  timers.stop(b!)
  clock.move(49)
  expect(expired).toEqual([])
  clock.move(1)
  expect(expired).toEqual(['a'])
  clock.move(50)
  expect(expired).toEqual(['a', 'c'])
})

it('a shorter limit counts for what starts from then on', () => {
  const clock = new ManualClock()
  const timers = new RequestTimers(clock, 1_000)
  const expired: string[] = []
  timers.start(timed('long', expired))
  timers.limitMs = 10
  timers.start(timed('short', expired))
  clock.move(10)
  expect(expired).toEqual(['short'])
  clock.move(990)
  expect(expired).toEqual(['short', 'long'])
})
