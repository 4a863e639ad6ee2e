import { expect, test } from 'vitest'
import { CountedNotices } from '../../../base/warnings/counted-notices.ts'
import { ManualClock } from '../../core/host/manual-clock.ts'

function noticing() {
  const clock = new ManualClock()
  const notices = new CountedNotices({ each: 2, intervalMs: 1_000, clock })
  const lines: string[] = []
  const add = (kind: string, count: number): void => {
    for (let n = 0; n < count; n++)
      notices.add(
        kind,
        () => lines.push(kind),
        (rest) => lines.push(`${rest} more ${kind}`),
      )
  }
  return { clock, notices, lines, add }
}

test('few are written one by one, and each kind for itself', () => {
  const { clock, lines, add } = noticing()
  add('a', 2)
  add('b', 1)
  clock.move(5_000)
  add('a', 1)
  clock.move(5_000)
  expect(lines).toEqual(['a', 'a', 'b', 'a'])
})

test('of many the first few are written, and the rest as a number', () => {
  const { clock, lines, add } = noticing()
  add('a', 1_000)
  expect(lines).toEqual(['a', 'a'])
  clock.move(1_000)
  expect(lines).toEqual(['a', 'a', '998 more a'])
})

test('a flood that goes on is one line per interval, and over after an interval without', () => {
  const { clock, lines, add } = noticing()
  add('a', 10)
  clock.move(1_000)
  add('a', 10)
  clock.move(1_000)
  expect(lines).toEqual(['a', 'a', '8 more a', '10 more a'])
  clock.move(1_000)
  add('a', 1)
  expect(lines.at(-1)).toBe('a')
})

test('nothing is written after the end', () => {
  const { clock, notices, lines, add } = noticing()
  add('a', 3)
  notices.close()
  clock.move(5_000)
  expect(lines).toEqual(['a', 'a'])
})
