// When an expression matches next (spec 03 §7.2, check 54), in UTC and in time zones whose clocks are set.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseExpression } from '../../../plugins/cron/expression.ts'
import { lastMatch, nextMatch } from '../../../plugins/cron/next.ts'
import { TimeZone } from '../../../plugins/cron/time-zone.ts'
import { expressions, matchesIn, ZONES } from './brute-force.ts'

const second = (text: string) => Date.parse(text) / 1_000
const iso = (at: number | undefined) => (at === undefined ? 'never' : new Date(at * 1_000).toISOString().slice(0, 19))

/** The next fires from an instant, as UTC times. */
function fires(expression: string, from: string, count: number, zone?: string): string[] {
  const { fields } = parseExpression(expression, 'quartz')
  const found: string[] = []
  for (let after: number | undefined = second(from); found.length < count && after !== undefined;) {
    after = nextMatch(fields, after, zone === undefined ? undefined : new TimeZone(zone))
    found.push(iso(after))
  }
  return found
}

describe('54. from 2026-01-01T00:00:00Z, a Thursday', () => {
  test.each([
    ['0 0 9 * * Mon-Fri', '2026-01-01T09:00:00 2026-01-02T09:00:00 2026-01-05T09:00:00'],
    ['0 0 9 * * 2-6', '2026-01-01T09:00:00 2026-01-02T09:00:00 2026-01-05T09:00:00'],
    ['0 0 9 * * 1', '2026-01-04T09:00:00'],
    ['0 0 9 * * 7', '2026-01-03T09:00:00'],
    ['0 0 9 13 * Fri', '2026-02-13T09:00:00'],
    ['0 0 0 31 * *', '2026-01-31T00:00:00 2026-03-31T00:00:00 2026-05-31T00:00:00'],
    ['0 0 0 29 2 *', '2028-02-29T00:00:00'],
    ['0 0 0 30 2 *', 'never'],
    ['5/15 * * * * *', '2026-01-01T00:00:05 2026-01-01T00:00:20 2026-01-01T00:00:35 2026-01-01T00:00:50'],
    ['10-40/10 * * * * *', '2026-01-01T00:00:10 2026-01-01T00:00:20 2026-01-01T00:00:30 2026-01-01T00:00:40'],
    [
      '0 */7 * * * *',
      [7, 14, 21, 28, 35, 42, 49, 56].map((m) => `2026-01-01T00:${String(m).padStart(2, '0')}:00`).join(' ') +
        ' 2026-01-01T01:00:00',
    ],
    ['0 0 0 1 1 * 2027', '2027-01-01T00:00:00 never'],
    ['0 0 0 1 1 * 2025', 'never'],
    ['@weekly', '2026-01-04T00:00:00'],
    ['@hourly', '2026-01-01T01:00:00'],
    ['0 0 9 ? * Mon', '2026-01-05T09:00:00'],
    ['0 9 * * 1', '2026-01-05T09:00:00'],
    ['0 0 9 * * 0', '2026-01-04T09:00:00'],
    ['59 59 23 31 12 * 2100', '2100-12-31T23:59:59 never'],
    ['* * * * * *', '2026-01-01T00:00:01 2026-01-01T00:00:02'],
  ])('%s → %s', (expression, expected) => {
    const times = expected.split(' ')
    expect(fires(expression, '2026-01-01T00:00:00Z', times.length)).toEqual(times)
  })

  test('in the first and the last year', () => {
    expect(fires('0 0 0 * * *', '1969-06-01T00:00:00Z', 2)).toEqual(['1970-01-01T00:00:00', '1970-01-02T00:00:00'])
    expect(fires('0 0 0 * * *', '2100-12-30T12:00:00Z', 2)).toEqual(['2100-12-31T00:00:00', 'never'])
  })
})

describe('time zones', () => {
  test('fields are local times', () => {
    expect(fires('0 0 9 * * *', '2026-01-01T00:00:00Z', 1, 'Asia/Kolkata')).toEqual(['2026-01-01T03:30:00'])
    expect(fires('0 0 9 1 7 *', '2026-01-01T00:00:00Z', 1, 'Europe/Berlin')).toEqual(['2026-07-01T07:00:00'])
    expect(fires('0 0 0 1 1 *', '2026-06-01T00:00:00Z', 1, 'America/New_York')).toEqual(['2027-01-01T05:00:00'])
    expect(fires('0 0 0 29 2 *', '2026-01-01T00:00:00Z', 2, 'Asia/Tokyo')).toEqual([
      '2028-02-28T15:00:00',
      '2032-02-28T15:00:00',
    ])
    expect(fires('0 0 0 30 2 *', '2026-01-01T00:00:00Z', 1, 'Europe/Berlin')).toEqual(['never'])
    expect(fires('0 0 0 * * *', '2026-01-01T00:00:00Z', 1, 'Etc/UTC')).toEqual(['2026-01-02T00:00:00'])
  })

  // Berlin: 2026-03-29 01:00Z, 2:00 → 3:00.
  test('a daily time that is left out comes as much later as the clocks were set', () => {
    expect(fires('0 30 2 * * *', '2026-03-28T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-28T01:30:00',
      '2026-03-29T01:30:00',
      '2026-03-30T00:30:00',
    ])
    expect(fires('0 30 2 * * *', '2026-03-29T01:10:00Z', 1, 'Europe/Berlin')).toEqual(['2026-03-29T01:30:00'])
    expect(fires('0 0 2 * * *', '2026-03-29T00:30:00Z', 1, 'Europe/Berlin')).toEqual(['2026-03-29T01:00:00'])
  })

  test('a time that is left out and one that is there come once where they meet', () => {
    expect(fires('0 30 2,3 * * *', '2026-03-29T00:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-03-29T01:30:00',
      '2026-03-30T00:30:00',
    ])
    expect(fires('0 30 * * * *', '2026-03-29T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-29T00:30:00',
      '2026-03-29T01:30:00',
      '2026-03-29T02:30:00',
    ])
  })

  // Berlin: 2026-10-25 01:00Z, 3:00 → 2:00.
  test('a daily time that comes twice matches the first time only', () => {
    expect(fires('0 30 2 * * *', '2026-10-24T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30:00',
      '2026-10-26T01:30:00',
    ])
    expect(fires('0 30 2,3 * * *', '2026-10-25T00:40:00Z', 1, 'Europe/Berlin')).toEqual(['2026-10-25T02:30:00'])
  })

  test('an expression for every hour goes on through the hour that comes twice', () => {
    expect(fires('0 */30 * * * *', '2026-10-25T00:00:00Z', 4, 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30:00',
      '2026-10-25T01:00:00',
      '2026-10-25T01:30:00',
      '2026-10-25T02:00:00',
    ])
  })

  test('a day that a zone left out altogether comes a day later', () => {
    // Samoa went over the date line: after 2011-12-29 23:59:59 came 2011-12-31.
    expect(fires('0 0 12 30 12 * 2011', '2011-12-29T00:00:00Z', 2, 'Pacific/Apia')).toEqual([
      '2011-12-30T22:00:00',
      'never',
    ])
  })

  test.each(['Mars/Olympus', '+02:00', '', 'Europe/Berlin '])('%j is no zone', (name) => {
    expect(() => new TimeZone(name)).toThrow(
      `\`timezone\` "${name}" is not known; write an IANA name such as Europe/Berlin or UTC`,
    )
  })

  test('offsets and transitions of many years agree with Intl', () => {
    const zone = new TimeZone('Europe/Berlin')
    for (let year = 1990; year <= 2090; year += 20) {
      const found = zone.transitions(second(`${year}-01-01T00:00:00Z`), second(`${year}-12-31T00:00:00Z`))
      expect(found.map(({ before, after }) => [before, after])).toEqual([
        [3_600, 7_200],
        [7_200, 3_600],
      ])
    }
    expect(zone.transitions(second('2026-03-29T01:00:00Z'), second('2026-03-29T01:00:00Z'))).toHaveLength(1)
    expect(zone.offsetAt(second('2026-03-29T00:59:59Z'))).toBe(3_600)
    expect(zone.offsetAt(second('2026-03-29T01:00:00Z'))).toBe(7_200)
  })
})

describe('against a matcher that looks at every second', () => {
  const from = fc.integer({ min: 0, max: second('2100-12-01T00:00:00Z') })

  test('in UTC', () => {
    fc.assert(
      fc.property(expressions, from, (expression, after) => {
        const { fields } = parseExpression(expression, 'quartz')
        expect(nextMatch(fields, after) ?? Infinity, expression).toSatisfy(
          isFirstOf(matchesIn(fields, after, after + 20_000)),
        )
      }),
      { numRuns: 200 },
    )
  })

  test('around the moments when clocks are set', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.constantFrom(...ZONES),
        fc.integer({ min: -9_000, max: 9_000 }),
        (expression, [name, at], shift) => {
          const { fields } = parseExpression(expression, 'quartz')
          const after = second(at) + shift
          const zone = new TimeZone(name)
          const expected = matchesIn(fields, after, after + 20_000, name)
          expect(nextMatch(fields, after, zone) ?? Infinity, `${expression} ${name}`).toSatisfy(isFirstOf(expected))
          expect(lastMatch(fields, after, after + 20_000, zone)).toBe(expected.seconds.at(-1))
        },
      ),
      { numRuns: 100 },
    )
  })
})

/** The first that was found, or, when none was, anything beyond. */
function isFirstOf({ seconds, until }: { seconds: readonly number[]; until: number }): (found: number) => boolean {
  return (found) => (seconds[0] === undefined ? found > until : found === seconds[0])
}
