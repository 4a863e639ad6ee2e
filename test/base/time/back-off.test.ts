import { expect, test } from 'vitest'
import { BackOff, backOffMs } from '../../../base/time/back-off.ts'

test('waits double up to the longest one, however many failures there were', () => {
  const options = { firstMs: 100, longestMs: 1_000 }
  const waits = [1, 2, 3, 4, 5, 6, 10_000].map((failures) => backOffMs(failures, options))
  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000])
})

test.each([
  [0, 50],
  [0.5, 75],
  [1, 100],
])('a wait is spread by chance: %d', (random, wait) => {
  expect(backOffMs(1, { firstMs: 100, longestMs: 100, spread: [0.5, 1] }, () => random)).toBe(wait)
})

test('a success begins anew', () => {
  const backOff = new BackOff({ firstMs: 10, longestMs: 100 })
  expect([backOff.failed(), backOff.failed(), backOff.failures]).toEqual([10, 20, 2])
  backOff.succeeded()
  expect([backOff.failures, backOff.failed()]).toEqual([0, 10])
})
