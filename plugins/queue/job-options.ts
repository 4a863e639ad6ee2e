// What a publisher may say of one job beside its data: when it is to run, how urgent it is, and which other job it repeats. The same
// members in the enqueue action and in what is published to a topic.
import { describeValue, type InputObject, type InputReader } from '../../kit/functions/input-reader.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { Deduplication } from './job.ts'
import { MAX_PRIORITY } from './settings.ts'

export interface JobOptions {
  /** Unix milliseconds; undefined = as the queue's settings say. */
  readonly runAt: number | undefined
  readonly priority: number | undefined
  /** `windowMs` undefined = as the queue's settings say. */
  readonly dedup: { readonly key: string; readonly windowMs: number | undefined } | undefined
}

/** Longest delay: ten years. */
export const MAX_DELAY_MS = 10 * 365 * 24 * 3_600_000
/** Characters of a deduplication key. */
export const MAX_DEDUP_KEY_LENGTH = 256

export const JOB_OPTION_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  delay_ms: { type: ['integer', 'null'], minimum: 0, description: 'Not delivered before that many milliseconds.' },
  run_at: {
    type: ['string', 'integer', 'null'],
    description: 'Not delivered before that time: RFC 3339, or Unix milliseconds. Not together with `delay_ms`.',
  },
  priority: {
    type: ['integer', 'null'],
    minimum: 0,
    maximum: MAX_PRIORITY,
    description: 'The larger is delivered first where the queue is not fifo. Default 0.',
  },
  dedup_key: {
    type: ['string', 'null'],
    description: 'A message with the same key that was stored within the window stands for this one too.',
  },
  dedup_window_ms: {
    type: ['integer', 'null'],
    minimum: 1,
    description: 'How long the key counts. Default 5 minutes.',
  },
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** Members that are left out, or null, are undefined. */
export function readJobOptions(input: InputObject, reader: InputReader, now: number): JobOptions {
  const delayMs = wholeNumber(input, reader, 'delay_ms', 0, MAX_DELAY_MS)
  const runAt = readRunAt(input, reader)
  if (delayMs !== undefined && runAt !== undefined) reader.fail('`delay_ms` and `run_at` exclude each other: name one')
  const windowMs = wholeNumber(input, reader, 'dedup_window_ms', 1, MAX_DELAY_MS)
  return {
    runAt: delayMs === undefined ? runAt : now + delayMs,
    priority: wholeNumber(input, reader, 'priority', 0, MAX_PRIORITY),
    dedup: readDedup(input, reader, windowMs),
  }
}

/** The deduplication as a backend takes it. */
export function dedupOf({ dedup }: JobOptions, defaultWindowMs: number): Deduplication | undefined {
  return dedup && { key: dedup.key, windowMs: dedup.windowMs ?? defaultWindowMs }
}

function readRunAt(input: InputObject, reader: InputReader): number | undefined {
  const value = input['run_at'] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  const time = typeof value === 'string' && RFC_3339.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(time)) return time
  return reader.wrong(input, 'run_at', 'a time such as "2030-01-31T12:00:00Z", or Unix milliseconds')
}

function readDedup(input: InputObject, reader: InputReader, windowMs: number | undefined): JobOptions['dedup'] {
  const key = input['dedup_key'] ?? undefined
  if (key === undefined) {
    if (windowMs !== undefined) reader.fail('`dedup_window_ms` without `dedup_key` has no meaning')
    return undefined
  }
  if (typeof key !== 'string' || key === '' || key.length > MAX_DEDUP_KEY_LENGTH)
    return reader.wrong(input, 'dedup_key', `a text of 1 to ${MAX_DEDUP_KEY_LENGTH} characters`)
  return { key, windowMs }
}

function wholeNumber(
  input: InputObject,
  reader: InputReader,
  member: string,
  least: number,
  most: number,
): number | undefined {
  const value = input[member] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  return reader.fail(
    `member \`${member}\` must be a whole number from ${least} to ${most}, got ${describeValue(value)}`,
  )
}
