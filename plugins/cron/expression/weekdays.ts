// The field day-of-week in its two numberings. What is parsed is brought to 0 = Sunday … 6 = Saturday.
import type { Field } from './fields.ts'

/** `quartz`: 1 = Sunday … 7 = Saturday, and 0 = Sunday too. `unix`: 0 and 7 = Sunday, 1 = Monday … 6 = Saturday. */
export type DowNumbering = 'quartz' | 'unix'

/** Sunday first. Other spellings are errors (spec 03 §7.2). */
const SPELLINGS = [
  ['sun', 'sunday'],
  ['mon', 'monday'],
  ['tue', 'tues', 'tuesday'],
  ['wed', 'wednesday'],
  ['thu', 'thurs', 'thursday'],
  ['fri', 'friday'],
  ['sat', 'saturday'],
]

export const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

export const DAY_OF_WEEK: Readonly<Record<DowNumbering, Field>> = { quartz: weekdayField(1), unix: weekdayField(0) }

/** 0 = Sunday … 6 = Saturday. */
export function weekdayOf(written: number, numbering: DowNumbering): number {
  if (numbering === 'unix') return written % 7
  return written === 0 ? 0 : written - 1
}

function weekdayField(sunday: number): Field {
  return {
    name: 'day-of-week',
    min: 0,
    max: 7,
    anyFrom: sunday,
    names: new Map(SPELLINGS.flatMap((spellings, day) => spellings.map((name) => [name, day + sunday] as const))),
    takesQuestionMark: true,
  }
}
