import { expect, it } from 'vitest'
import { sinceTime } from '../../bin/since.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')

it.each([
  ['90s', NOW - 90_000],
  ['1h30m', NOW - 5_400_000],
  ['2d', NOW - 172_800_000],
  ['500ms', NOW - 500],
  ['2026-05-31T12:00:00Z', NOW - 86_400_000],
  ['999999d', 0],
])('%s is a time', (text, time) => {
  expect(sinceTime(text, NOW)).toBe(time)
})

it.each(['', '5', '5x', 'm5', '-5m', 'yesterday', '2026', '2026-13-45'])("'%s' is none", (text) => {
  expect(() => sinceTime(text, NOW)).toThrow(
    `--since takes how long ago (90s, 5m, 1h30m, 2d) or a time (2026-01-31T12:00:00Z), not '${text}'`,
  )
})
