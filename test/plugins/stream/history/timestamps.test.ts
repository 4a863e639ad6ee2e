import { expect, test } from 'vitest'
import { Timestamps } from '../../../../plugins/stream/history/timestamps.ts'

test('items share a millisecond, one item does not', () => {
  let now = 1_000
  const timestamps = new Timestamps({ now: () => now })
  const next = (item: string, scope = 'g') => timestamps.next(scope, item)
  expect([next('a'), next('b'), next('c')]).toEqual([1_000, 1_000, 1_000])
  expect([next('a'), next('b'), next('a')]).toEqual([1_001, 1_001, 1_002])
  now = 1_001
  expect(next('z')).toBe(1_002)
  now = 1_010
  expect(next('z')).toBe(1_010)
})

test('items of one name in different groups share a millisecond too', () => {
  const timestamps = new Timestamps({ now: () => 1_000 })
  const stamps = ['g', 'h', 'i', 'h', 'g'].map((scope) => timestamps.next(scope, 'a'))
  expect(stamps).toEqual([1_000, 1_000, 1_000, 1_001, 1_001])
})

test('they go on behind those of an earlier run, and a clock that goes back does not matter', () => {
  let now = 1_000
  const timestamps = new Timestamps({ now: () => now, after: 5_000 })
  expect([timestamps.next('g', 'a'), timestamps.next('g', 'a')]).toEqual([5_001, 5_002])
  now = 6_000
  expect(timestamps.next('g', 'a')).toBe(6_000)
  now = 10
  expect([timestamps.next('g', 'a'), timestamps.next('g', 'b')]).toEqual([6_001, 6_001])
})

test('no more items are remembered than allowed', () => {
  const timestamps = new Timestamps({ now: () => 1_000, maxItems: 3 })
  const stamps = Array.from({ length: 7 }, (_, i) => timestamps.next('g', `${i}`))
  expect(stamps).toEqual([1_000, 1_000, 1_000, 1_001, 1_001, 1_001, 1_002])
})
