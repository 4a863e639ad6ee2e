import { expect, it, vi } from 'vitest'
import { systemClock } from '../../../base/time/clock.ts'
import { ManualClock } from '../../../testing/index.ts'

const DAY_MS = 24 * 3600 * 1000

it.each([1, 25 * DAY_MS, 60 * DAY_MS])(
  'a wait of %i ms is over then and not before, however the clock is set',
  (ms) => {
    vi.useFakeTimers()
    try {
      const task = vi.fn<() => void>()
      systemClock.after(ms, task)
      vi.setSystemTime(Date.now() + 400 * DAY_MS)
      vi.advanceTimersByTime(ms - 1)
      vi.setSystemTime(0)
      expect(task).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(task).toHaveBeenCalledTimes(1)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  },
)

it('a wait that is longer than any timer is cancelled in each of its parts', () => {
  vi.useFakeTimers()
  try {
    for (const passed of [0, 30 * DAY_MS, 59 * DAY_MS]) {
      const cancel = systemClock.after(60 * DAY_MS, () => expect.unreachable())
      vi.advanceTimersByTime(passed)
      cancel()
      expect(vi.getTimerCount()).toBe(0)
    }
  } finally {
    vi.useRealTimers()
  }
})

it('what has passed is not changed by setting what is shown', () => {
  const clock = new ManualClock()
  clock.move(5)
  clock.set(0)
  clock.move(7)
  expect([clock.passed(), clock.now()]).toEqual([12, 7])
})
