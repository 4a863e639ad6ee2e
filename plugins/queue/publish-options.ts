// What publishers may say beside the payload, ours alone: delay, priority, deduplication. The same members in the enqueue action, in
// `engine::queue::enqueue` and in a publish.
import { closestName } from '../../base/values/closest-name.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { PublishOptions } from './new-job.ts'
import { MAX_PRIORITY } from './settings.ts'

export const PUBLISH_OPTIONS: Readonly<Record<string, JsonSchema>> = {
  delay_ms: {
    type: ['integer', 'null'],
    minimum: 0,
    description: 'Wait before the first delivery. Default: that of the queue.',
  },
  run_at: {
    type: ['integer', 'string', 'null'],
    description: 'In its place: when the first delivery is, in Unix milliseconds or ISO 8601.',
  },
  priority: {
    type: ['integer', 'null'],
    minimum: 0,
    maximum: MAX_PRIORITY,
    description: 'The larger goes first, in a standard queue. Default: what `priority_field` of the queue says, or 0.',
  },
  dedup_key: {
    type: ['string', 'null'],
    description:
      'While it is remembered, further jobs with the same key are not stored. Default: what `dedup_field` of the queue says, or none.',
  },
  dedup_window_ms: {
    type: ['integer', 'null'],
    minimum: 1,
    description: 'How long the key is remembered. Default: `dedup_window_ms` of the queue.',
  },
}

/** Smaller numbers are seconds: as milliseconds they are in March 1973 or before. */
const LEAST_RUN_AT = 1e11
/** The last time that a `Date` can hold. */
const LAST_RUN_AT = 8.64e15
/** A day, or a day and a time. `Date.parse` alone makes a time of many a text: '1' is in the year 2001. */
const ISO_TIME = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i

const NO_OPTIONS: PublishOptions = {}
const MEMBERS = Object.keys(PUBLISH_OPTIONS)
/** Of a beginning that stands for the whole name. */
const LEAST_LETTERS = 4

/** What does not fit is a `deserialization_error`. */
export function readPublishOptions(input: InputObject, reader: InputReader): PublishOptions {
  if (!MEMBERS.some((member) => input[member] != null)) return NO_OPTIONS
  return {
    delayMs: whole(input, reader, 'delay_ms', 0),
    runAt: timeOf(input, reader),
    priority: whole(input, reader, 'priority', 0, MAX_PRIORITY),
    dedupKey: input['dedup_key'] == null ? undefined : reader.string(input, 'dedup_key'),
    dedupWindowMs: whole(input, reader, 'dedup_window_ms', 1),
  }
}

/**
 * Refuses what looks like one of the options and is none: it would be as if it had not been said. Other members that nobody knows are let
 * pass, since programs that were written for iii may send them (spec 03, head).
 */
export function refuseMistyped(input: InputObject, reader: InputReader, known: ReadonlySet<string>): void {
  for (const member in input) {
    if (known.has(member)) continue
    const meant = closestName(member, MEMBERS) ?? MEMBERS.find((option) => isShortFor(member, option))
    if (meant !== undefined)
      reader.fail(`unknown key '${member}'. Did you mean '${meant}'? Known keys: ${[...known].join(', ')}.`)
  }
}

/** `delay` for `delay_ms`, `dedup` for `dedup_key`. */
function isShortFor(member: string, option: string): boolean {
  return member.length >= LEAST_LETTERS && option.startsWith(member.toLowerCase())
}

function whole(
  input: InputObject,
  reader: InputReader,
  member: string,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = input[member] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
  const range =
    maximum === Number.MAX_SAFE_INTEGER
      ? `an integer of at least ${minimum}`
      : `an integer from ${minimum} to ${maximum}`
  return reader.wrong(input, member, range)
}

function timeOf(input: InputObject, reader: InputReader): number | undefined {
  const value = input['run_at'] ?? undefined
  if (value === undefined) return undefined
  const time = typeof value === 'string' ? isoTime(value) : value
  if (typeof time === 'number' && Number.isInteger(time) && time >= LEAST_RUN_AT && time <= LAST_RUN_AT) return time
  return reader.wrong(
    input,
    'run_at',
    "Unix milliseconds, not seconds, or a time in ISO 8601, such as '2100-01-01T09:00:00Z'",
  )
}

function isoTime(text: string): number | undefined {
  const [, year, month, day] = ISO_TIME.exec(text) ?? []
  // `Date.parse` makes the 3rd of March of the 31st of February.
  const daysOfMonth = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
  return Number(day) <= daysOfMonth ? Date.parse(text) : undefined
}
