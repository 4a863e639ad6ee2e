import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram, HISTOGRAM_LIMIT } from '../../../bench/measure/histogram.ts'

const values = fc.array(fc.oneof(fc.nat(200), fc.nat(100_000), fc.nat(HISTOGRAM_LIMIT)), {
  minLength: 1,
  maxLength: 300,
})

test('a quantile is the nearest-rank value, at most one step of 1/64 above it', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (recorded, share) => {
      const histogram = new Histogram()
      for (const value of recorded) histogram.record(value)
      const sorted = recorded.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!
      const found = histogram.quantile(share)
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact + Math.floor(exact / 64))
      expect(histogram.count).toBe(recorded.length)
      expect(histogram.max).toBe(sorted.at(-1))
    }),
  )
})

test('values below 64 are exact', () => {
  const histogram = new Histogram()
  for (let value = 0; value < 64; value++) histogram.record(value)
  expect([1 / 64, 0.5, 1].map((share) => histogram.quantile(share))).toEqual([0, 31, 63])
})

test('what is out of range counts as the nearest value in range', () => {
  const histogram = new Histogram()
  histogram.record(-5)
  histogram.record(1e12)
  expect(histogram.quantile(0.5)).toBe(0)
  expect(histogram.quantile(1)).toBe(HISTOGRAM_LIMIT)
})

test('an empty histogram gives 0, and reset empties it', () => {
  const histogram = new Histogram()
  expect(histogram.quantile(0.99)).toBe(0)
  histogram.record(1000)
  histogram.reset()
  expect([histogram.count, histogram.max, histogram.quantile(0.99)]).toEqual([0, 0, 0])
})
