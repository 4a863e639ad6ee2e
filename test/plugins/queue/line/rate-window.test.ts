import { expect, test } from 'vitest'
import { RateWindow } from '../../../../plugins/queue/line/rate-window.ts'

test('lets as many start as the limit says, and the next one when the first is out of the window', () => {
  const rate = new RateWindow({ max: 2, perMs: 1_000 })
  rate.started(0)
  expect(rate.waitMs(100)).toBe(0)
  rate.started(100)
  expect(rate.waitMs(100)).toBe(900)
  expect(rate.waitMs(1_000)).toBe(0)
})

test('holds nothing up for longer than its time when the clock is set back', () => {
  const hour = 3_600_000
  const rate = new RateWindow({ max: 2, perMs: 1_000 })
  rate.started(hour)
  rate.started(hour + 400)
  // As if both had started now and 400 ms before.
  expect(rate.waitMs(0)).toBe(600)
  expect(rate.waitMs(599)).toBe(1)
  expect(rate.waitMs(600)).toBe(0)
  rate.started(600)
  expect(rate.waitMs(600)).toBe(400)
})
