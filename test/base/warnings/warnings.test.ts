import { expect, test } from 'vitest'
import { IntervalLimit } from '../../../base/warnings/interval-limit.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { ThrottledWarnings } from '../../../base/warnings/throttled-warnings.ts'

test('one event passes per interval and says how many were held back before it', () => {
  let now = 0
  const limit = new IntervalLimit(10, () => now)
  const passed = [0, 1, 9, 10, 25].map((at) => {
    now = at
    return limit.pass()
  })
  expect(passed).toEqual([0, undefined, undefined, 2, 0])
})

test('a clock that is set back lets the next event through', () => {
  let now = 1_000_000
  const limit = new IntervalLimit(10, () => now)
  limit.pass()
  now = 0
  expect([limit.pass(), limit.pass()]).toEqual([0, undefined])
})

test('a warning that repeats is written once per interval, with the number left out', () => {
  let now = 0
  const lines: unknown[] = []
  const warning = new LimitedWarning((message, data) => lines.push([message, data]), { intervalMs: 10, now: () => now })
  for (const at of [0, 5, 10]) {
    now = at
    warning.warn('again', { at })
  }
  expect(lines).toEqual([
    ['again', { at: 0 }],
    ['again', { at: 10, not_logged_before: 1 }],
  ])
})

test('warnings of different subjects do not hold each other back, and all of them are counted', () => {
  const lines: unknown[] = []
  const warnings = new ThrottledWarnings({ warn: (message, data) => lines.push([message, data]) })
  for (const subject of ['a', 'b', 'a', 'a']) warnings.count(subject, 'full', { subject })
  expect(lines).toEqual([
    ['full', { subject: 'a', times: 1 }],
    ['full', { subject: 'b', times: 1 }],
  ])
  expect(warnings.total).toBe(4)
})

test('more subjects than are remembered share one line', () => {
  const lines: string[] = []
  const warnings = new ThrottledWarnings({ warn: (message) => lines.push(message) })
  for (let subject = 0; subject < 1_500; subject++) warnings.count(String(subject), 'full', {})
  expect(lines).toHaveLength(1_001)
  expect(warnings.total).toBe(1_500)
})
