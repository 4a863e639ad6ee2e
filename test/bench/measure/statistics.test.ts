import fc from 'fast-check'
import { expect, test } from 'vitest'
import { median, pairedRatio, quantile, spread } from '../../../bench/measure/statistics.ts'

const numbers = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 })

test('as many values lie above the median as below it', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const middle = median(values)
      const below = values.filter((value) => value < middle).length
      const above = values.filter((value) => value > middle).length
      expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2)
    }),
  )
})

test('the median of an even number of values is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('a quantile is the nearest-rank value', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  expect(quantile(values, 0.95)).toBe(95)
  expect(quantile([7], 0.95)).toBe(7)
  expect(quantile([], 0.5)).toBeNaN()
})

test('the spread is the range as a share of the median', () => {
  expect(spread([90, 100, 110])).toBeCloseTo(0.2)
  expect(spread([5])).toBe(0)
})

test('ratios are taken round by round', () => {
  expect(pairedRatio([10, 30, 20], [10, 10, 10])).toEqual({ median: 2, min: 1, max: 3 })
})

test('rounds that lack a value, or divide by 0, do not count', () => {
  expect(pairedRatio([10, undefined, 8], [5, 5, 0])).toEqual({ median: 2, min: 2, max: 2 })
  expect(pairedRatio([undefined], [1])).toBeUndefined()
})
