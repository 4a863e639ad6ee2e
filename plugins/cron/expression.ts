// A cron expression as text, to the set of numbers that each of its fields allows (spec 03 §7.2). When it matches is `next.ts`.
import { DAY_OF_MONTH, type Field, HOUR, MINUTE, MONTH, SECOND, YEAR } from './expression/fields.ts'
import { parseField, type ParsedField } from './expression/parse-field.ts'
import { DAY_NAMES, DAY_OF_WEEK, type DowNumbering, weekdayOf } from './expression/weekdays.ts'

export type { DowNumbering } from './expression/weekdays.ts'

/** Each ascending and without repetition. A time matches when it is in all of them, both kinds of day included. */
export interface CronFields {
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly daysOfMonth: readonly number[]
  /** 1 = January. */
  readonly months: readonly number[]
  /** 0 = Sunday … 6 = Saturday, whatever the numbering of the text. */
  readonly daysOfWeek: readonly number[]
  readonly years: readonly number[]
}

export interface ParsedExpression {
  readonly fields: CronFields
  /** What whoever wrote it should know: numbers of weekdays mean other days elsewhere. */
  readonly warning: string | undefined
}

/** Longest expression that is read; the longest useful one is far shorter. */
export const MAX_EXPRESSION_LENGTH = 1_000

const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 0 1 1 *'],
  ['@annually', '0 0 0 1 1 *'],
  ['@monthly', '0 0 0 1 * *'],
  ['@weekly', '0 0 0 * * Sun'],
  ['@daily', '0 0 0 * * *'],
  ['@midnight', '0 0 0 * * *'],
  ['@hourly', '0 0 * * * *'],
])

/** `MON, WED` and `1 - 5` are one item list each (spec 03 §7.2); after `*` and `?` a blank ends the field. */
const BLANKS_IN_LIST = /(?<=[A-Za-z0-9])\s*([,\-/])\s*/g

/** Throws an error that names the expression, the field, its text and the reason. */
export function parseExpression(text: string, dowNumbering: DowNumbering): ParsedExpression {
  const fail = (reason: string): never => {
    throw new Error(`expression "${shortened(text)}": ${reason}`)
  }
  if (text.length > MAX_EXPRESSION_LENGTH)
    return fail(`it has ${text.length} characters; at most ${MAX_EXPRESSION_LENGTH} are read`)
  const trimmed = text.trim()
  if (trimmed.startsWith('@') && !SHORTHANDS.has(trimmed))
    return fail(`"${trimmed}" is no shorthand; there are ${[...SHORTHANDS.keys()].join(', ')}`)
  const words = (SHORTHANDS.get(trimmed) ?? trimmed).replace(BLANKS_IN_LIST, '$1').split(/\s+/)
  if (trimmed === '') return fail('it is empty')
  if (words.length < 5 || words.length > 7)
    return fail(
      `it has ${words.length} field${words.length === 1 ? '' : 's'}; write 6 or 7 (second minute hour day-of-month month ` +
        `day-of-week [year]), or the 5 of crontab (without second and year)`,
    )
  const isCrontab = words.length === 5
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year = '*'] = isCrontab ? ['0', ...words] : words
  const numbering = isCrontab ? 'unix' : dowNumbering

  const read = (field: Field, word: string | undefined): ParsedField => {
    try {
      return parseField(field, word ?? '')
    } catch (error) {
      return fail(`${field.name}: ${(error as Error).message}`)
    }
  }
  const weekdays = read(DAY_OF_WEEK[numbering], dayOfWeek)
  const daysOfWeek = [...new Set(weekdays.values.map((day) => weekdayOf(day, numbering)))].sort()
  return {
    fields: {
      seconds: read(SECOND, second).values,
      minutes: read(MINUTE, minute).values,
      hours: read(HOUR, hour).values,
      daysOfMonth: read(DAY_OF_MONTH, dayOfMonth).values,
      months: read(MONTH, month).values,
      daysOfWeek,
      years: read(YEAR, year).values,
    },
    warning: weekdays.numeric && !isCrontab ? weekdayWarning(text, dayOfWeek ?? '', numbering, daysOfWeek) : undefined,
  }
}

function weekdayWarning(text: string, word: string, numbering: DowNumbering, days: readonly number[]): string {
  const meant = days.map((day) => DAY_NAMES[day]).join(', ')
  const counting = numbering === 'quartz' ? '1 = Sunday … 7 = Saturday' : '0 = Sunday … 6 = Saturday'
  return `The day-of-week "${word}" of the expression "${shortened(text)}" means ${meant} (${counting}). Names such as Mon-Fri can't be misread.`
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
