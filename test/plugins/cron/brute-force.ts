// Cron expressions at random, and a matcher that looks at every single second, by Intl alone.
import fc from 'fast-check'
import type { CronFields } from '../../../plugins/cron/expression.ts'

/** Zones with a moment at which their clocks were set. */
export const ZONES: readonly (readonly [name: string, at: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00:00Z'],
  ['Asia/Kathmandu', '2026-01-01T00:00:00Z'],
]

const field = (min: number, max: number, step: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max })
  const ordered = fc.tuple(value, value).map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`)
  const by = fc.integer({ min: 1, max: step })
  const item = fc.oneof(
    value.map(String),
    ordered,
    fc.tuple(fc.oneof(ordered, fc.constant('*'), value.map(String)), by).map(([range, n]) => `${range}/${n}`),
  )
  const list = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','))
  return fc.oneof({ weight: 2, arbitrary: fc.constant('*') }, { weight: 3, arbitrary: list })
}

/** Six fields. Dates are restricted rarely, or nearly nothing would match within hours. */
export const expressions: fc.Arbitrary<string> = fc
  .tuple(
    field(0, 59, 59),
    field(0, 59, 59),
    field(0, 23, 23),
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom('*', '?') }, { weight: 1, arbitrary: field(1, 31, 31) }),
    fc.oneof({ weight: 5, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: field(1, 12, 12) }),
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom('*', '?') }, { weight: 1, arbitrary: field(1, 7, 7) }),
  )
  .map((fields) => fields.join(' '))

const LOOK_BACK = 3 * 3_600

/** Every match in (`after`, `until`]. */
export function matchesIn(fields: CronFields, after: number, until: number, zone = 'UTC') {
  const start = after - LOOK_BACK
  const offsets = offsetsIn(start, until, zone)
  const everyHour = fields.hours.length === 24
  const seconds: number[] = []
  let before = offsets[0]!
  let changedAt = -Infinity
  for (let second = start + 1; second <= until; second++) {
    const offset = offsets[second - start]!
    const previous = offsets[second - 1 - start]!
    if (offset !== previous) [before, changedAt] = [previous, second]
    if (second <= after) continue
    const isRepeated = second - changedAt < before - offset
    const standsForLeftOut = second - changedAt < offset - before
    if (matchesNaive(fields, second + offset) && (everyHour || !isRepeated)) seconds.push(second)
    else if (standsForLeftOut && matchesNaive(fields, second + before)) seconds.push(second)
  }
  return { seconds, until }
}

function matchesNaive(fields: CronFields, second: number): boolean {
  const date = new Date(second * 1_000)
  return (
    fields.seconds.includes(date.getUTCSeconds()) &&
    fields.minutes.includes(date.getUTCMinutes()) &&
    fields.hours.includes(date.getUTCHours()) &&
    fields.daysOfMonth.includes(date.getUTCDate()) &&
    fields.months.includes(date.getUTCMonth() + 1) &&
    fields.daysOfWeek.includes(date.getUTCDay()) &&
    fields.years.includes(date.getUTCFullYear())
  )
}

/** Offset of every second. Clocks are set at full minutes. */
function offsetsIn(from: number, to: number, zone: string): number[] {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  const read = (second: number): number => {
    const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(second * 1_000))
    if (match?.[1] === undefined) return 0
    return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3_600 + Number(match[3]) * 60)
  }
  const offsets: number[] = []
  let offset = zone === 'UTC' ? 0 : read(from)
  for (let second = from; second <= to; second++) {
    if (zone !== 'UTC' && second % 60 === 0) offset = read(second)
    offsets.push(offset)
  }
  return offsets
}
