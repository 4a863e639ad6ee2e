// What publishers may say beside the payload, ours alone: delay, priority, deduplication. The same members in the enqueue action, in
// `engine::queue::enqueue` and in a publish.
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

const NO_OPTIONS: PublishOptions = {}
const MEMBERS = Object.keys(PUBLISH_OPTIONS)

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
  const time = typeof value === 'string' ? Date.parse(value) : value
  if (typeof time === 'number' && Number.isSafeInteger(time) && time >= LEAST_RUN_AT) return time
  return reader.wrong(input, 'run_at', 'Unix milliseconds, not seconds, or a time in ISO 8601')
}
