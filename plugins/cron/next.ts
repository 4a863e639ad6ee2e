// The next second that an expression matches, strictly after a given one. Counts by fields, never second by second.
// Seconds since the epoch throughout. Rules for local times that don't exist or exist twice stand at `nextLocal`.
import type { CronFields } from './expression.ts'
import { UTC, type TimeZone, type Transition } from './time-zone.ts'

const DAY = 86_400
/** Clocks of a zone were never set by more; what lies further away from a transition is not concerned by it. */
const REACH = 26 * 3_600

/** Undefined when nothing matches up to the end of 2100. */
export function nextMatch(fields: CronFields, after: number, zone: TimeZone = UTC): number | undefined {
  return zone.isUtc ? nextNaive(fields, after) : nextLocal(fields, after, zone)
}

/** The last match in (`after`, `until`]; undefined when there is none. */
export function lastMatch(fields: CronFields, after: number, until: number, zone: TimeZone = UTC): number | undefined {
  const first = nextMatch(fields, after, zone)
  if (first === undefined || first > until) return undefined
  // "There is a match after t" is true up to the last match and false from it on.
  let [low, high] = [after, until]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const found = nextMatch(fields, middle, zone)
    if (found !== undefined && found <= until) low = middle
    else high = middle
  }
  return nextMatch(fields, low, zone)
}

/** As if there were no time zones: `after` and the result are local times, counted like seconds since the epoch. */
function nextNaive(fields: CronFields, after: number): number | undefined {
  const from = Math.max(after + 1, 0)
  const today = Math.floor(from / DAY) * DAY
  const start = new Date(today * 1_000)
  const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth() + 1, start.getUTCDate()]
  if (matchesDay(fields, year, month, day)) {
    const time = nextTimeOfDay(fields, from - today)
    if (time !== undefined) return today + time
  }
  const next = nextDay(fields, year, month, day)
  return next === undefined ? undefined : next + firstTimeOfDay(fields)
}

function matchesDay({ years, months, daysOfMonth, daysOfWeek }: CronFields, year: number, month: number, day: number) {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay()
  return years.includes(year) && months.includes(month) && daysOfMonth.includes(day) && daysOfWeek.includes(weekday)
}

/** Midnight of the first matching day after the given one. */
function nextDay(fields: CronFields, fromYear: number, fromMonth: number, fromDay: number): number | undefined {
  for (const year of fields.years) {
    if (year < fromYear) continue
    for (const month of fields.months) {
      if (year === fromYear && month < fromMonth) continue
      const isFirst = year === fromYear && month === fromMonth
      const first = Date.UTC(year, month - 1, 1)
      const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
      const weekdayOfFirst = new Date(first).getUTCDay()
      for (const day of fields.daysOfMonth) {
        if (day > length) break
        if (isFirst && day <= fromDay) continue
        if (fields.daysOfWeek.includes((weekdayOfFirst + day - 1) % 7)) return first / 1_000 + (day - 1) * DAY
      }
    }
  }
  return undefined
}

/** Second of the day, at or after the given one. */
function nextTimeOfDay(fields: CronFields, from: number): number | undefined {
  const [hour, minute, second] = [Math.floor(from / 3_600), Math.floor((from % 3_600) / 60), from % 60]
  const firstMinute = fields.minutes[0]! * 60
  const firstSecond = fields.seconds[0]!
  if (fields.hours.includes(hour)) {
    if (fields.minutes.includes(minute)) {
      const found = fields.seconds.find((candidate) => candidate >= second)
      if (found !== undefined) return hour * 3_600 + minute * 60 + found
    }
    const found = fields.minutes.find((candidate) => candidate > minute)
    if (found !== undefined) return hour * 3_600 + found * 60 + firstSecond
  }
  const found = fields.hours.find((candidate) => candidate > hour)
  return found === undefined ? undefined : found * 3_600 + firstMinute + firstSecond
}

function firstTimeOfDay({ hours, minutes, seconds }: CronFields): number {
  return hours[0]! * 3_600 + minutes[0]! * 60 + seconds[0]!
}

/**
 * In a time zone. When clocks are set forward, a local time that is left out matches as much later as the clocks were set
 * (2:30 becomes 3:30), so that a daily job runs every day. When they are set back, a time that comes twice matches the first
 * time only; but an expression for every hour matches both times, so that "every five minutes" does not pause for an hour.
 */
function nextLocal(fields: CronFields, after: number, zone: TimeZone): number | undefined {
  let from = after
  for (;;) {
    const found = nextNear(fields, from, zone)
    if (found !== undefined) return found
    // Nothing within reach, and transitions beyond it repeat or leave out only times that are not matched before the next match.
    const edge = from + REACH
    const naive = nextNaive(fields, edge + zone.offsetAt(edge))
    if (naive === undefined) return undefined
    // Local times stand within `REACH` of UTC.
    from = Math.max(edge, naive - REACH)
  }
}

/** Matches in (`after`, `after` + 2 × reach], piece by piece between transitions. */
function nextNear(fields: CronFields, after: number, zone: TimeZone): number | undefined {
  const end = after + 2 * REACH
  const transitions = zone.transitions(after - REACH, end)
  const everyHour = fields.hours.length === 24
  let begin = after - REACH
  let change: Transition | undefined
  for (const next of [...transitions, undefined]) {
    const pieceEnd = next?.at ?? end + 1
    if (pieceEnd > after + 1) {
      const found = nextInPiece(fields, Math.max(after, begin - 1), pieceEnd, zone.offsetAt(begin), change, everyHour)
      if (found !== undefined) return found
    }
    begin = pieceEnd
    change = next
  }
  return undefined
}

/** Matches in (`after`, `end`), where the offset is the same all the time; `change` is the transition that it begins with. */
function nextInPiece(
  fields: CronFields,
  after: number,
  end: number,
  offset: number,
  change: Transition | undefined,
  everyHour: boolean,
): number | undefined {
  let from = after
  let moved: number | undefined
  if (change !== undefined && change.before > offset && !everyHour)
    from = Math.max(from, change.at + change.before - offset - 1)
  if (change !== undefined && change.before < offset) {
    const leftOut = nextNaive(fields, after + change.before)
    if (leftOut !== undefined && leftOut < change.at + offset) moved = leftOut - change.before
  }
  const naive = nextNaive(fields, from + offset)
  const own = naive === undefined ? undefined : naive - offset
  const found = Math.min(moved ?? Infinity, own ?? Infinity)
  return found < end ? found : undefined
}
