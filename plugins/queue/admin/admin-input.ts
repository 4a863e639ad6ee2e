// How the admin functions read what they are given: the name by either key, pages, and what failures are called.
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import { describeValue } from '../../../kit/functions/input-reader.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { Page } from '../adapters/backend.ts'

/** Entries that one answer holds at most. */
export const MAX_PAGE = 1_000
const DEFAULT_PAGE = 50

export const NAME_SCHEMAS: Readonly<Record<'queue' | 'topic', JsonSchema>> = {
  queue: { type: 'string', description: 'A named queue, or a topic: that is, the queues of all its subscriptions.' },
  topic: { type: 'string', description: 'The same as `queue`.' },
}

export const PAGE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  offset: { type: ['integer', 'null'], minimum: 0, description: 'Entries to leave out. Default 0.' },
  limit: {
    type: ['integer', 'null'],
    minimum: 0,
    description: `Entries in the answer. Default ${DEFAULT_PAGE}; more than ${MAX_PAGE} counts as ${MAX_PAGE}.`,
  },
}

/** @param key the one that counts where both are there. @param emptyCode of the error for an empty name */
export function readName(
  input: InputObject,
  reader: InputReader,
  key: 'queue' | 'topic',
  emptyCode: 'queue_not_set' | 'topic_required',
): string {
  const other = key === 'queue' ? 'topic' : 'queue'
  const name = reader.string(input, Object.hasOwn(input, key) || !Object.hasOwn(input, other) ? key : other)
  if (name === '') throw new CodedError(emptyCode, `The name is empty: set \`${key}\` to a named queue or a topic.`)
  return name
}

export function readMessageId(input: InputObject, reader: InputReader): string {
  const id = reader.string(input, 'message_id')
  if (id === '') {
    const source = 'engine::queue::dlq_messages lists the ids'
    throw new CodedError('message_id_not_set', `The message id is empty: ${source}.`)
  }
  return id
}

export function readPage(input: InputObject, reader: InputReader): Page {
  const offset = wholeNumber(input, reader, 'offset') ?? 0
  return { offset, limit: Math.min(wholeNumber(input, reader, 'limit') ?? DEFAULT_PAGE, MAX_PAGE) }
}

/** Rejects with the code of the function, unless the refusal has one of its own: that says more. */
export async function underCode<Result>(code: string, action: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CodedError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError(code, `Failed to ${action}: ${reason}`, { cause })
  }
}

function wholeNumber(input: InputObject, reader: InputReader, member: string): number | undefined {
  const value = input[member] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  return reader.fail(`member \`${member}\` must be a whole number, 0 or larger, got ${describeValue(value)}`)
}
