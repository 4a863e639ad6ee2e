// The fields of a cron expression: their ranges and names (spec 03 §7.2). Numbers of weekdays are `weekdays.ts`.

export interface Field {
  readonly name: string
  /** Smallest and largest number that may be written. */
  readonly min: number
  readonly max: number
  /** Where `*` begins, if not at `min`. */
  readonly anyFrom?: number
  /** Lower-case names and the numbers that they stand for. */
  readonly names?: ReadonlyMap<string, number>
  /** Takes `?` as another way to write `*`. */
  readonly takesQuestionMark?: boolean
}

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

export const SECOND: Field = { name: 'second', min: 0, max: 59 }
export const MINUTE: Field = { name: 'minute', min: 0, max: 59 }
export const HOUR: Field = { name: 'hour', min: 0, max: 23 }
export const DAY_OF_MONTH: Field = { name: 'day-of-month', min: 1, max: 31, takesQuestionMark: true }
export const MONTH: Field = {
  name: 'month',
  min: 1,
  max: 12,
  names: new Map(
    MONTHS.flatMap((name, index) => [
      [name.slice(0, 3), index + 1],
      [name, index + 1],
    ]),
  ),
}
export const YEAR: Field = { name: 'year', min: 1970, max: 2100 }
