// What can be done with dead letters (spec 03 §5): look at them, bring them back, forget them.
import type { BuiltInFunction } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { DeadLetterChoice, DeadLetterPage, Page, QueueRef } from '../adapters/backend.ts'
import { NAME_SCHEMAS, PAGE_SCHEMAS, readMessageId, readName, readPage, underCode } from './admin-input.ts'
import { deadLetterRow } from './job-rows.ts'
import { mergedPage } from './merged-pages.ts'
import type { QueueNames } from './names.ts'
import { topicRows, type ListingDeps } from './listing.ts'

export interface DeadLetterDeps extends ListingDeps {
  readonly names: QueueNames
  /** Told of each queue in which something was brought back. */
  readonly redriven: (queue: QueueRef, count: number) => void
}

interface Named {
  readonly queue: string
}

interface OneMessage extends Named {
  readonly messageId: string
}

interface Messages {
  readonly topic: string
  /** Only this one. */
  readonly messageId: string | undefined
  readonly page: Page
  readonly order: DeadLetterPage['order']
}

const COUNT: JsonSchema = { type: 'integer' }
const MESSAGE_ID: JsonSchema = { type: 'string', description: 'Of a named queue: the receipt of the publisher.' }

export function deadLetterFunctions(deps: DeadLetterDeps): BuiltInFunction<any>[] {
  return [
    dlqTopics(deps),
    dlqMessages(deps),
    all(deps, 'redrive', 'Puts all dead letters back at the end of their queues, the oldest failure first.'),
    one(deps, 'redrive', 'Puts one dead letter back at the end of its queue.'),
    all(deps, 'discard', 'Forgets all dead letters.'),
    one(deps, 'discard', 'Forgets one dead letter.'),
  ]
}

function dlqTopics(deps: DeadLetterDeps): BuiltInFunction<null> {
  return {
    id: 'engine::queue::dlq_topics',
    description: 'Lists the queues and topics that have dead letters.',
    request: objectSchema({}, []),
    response: {
      type: 'array',
      items: objectSchema({ topic: { type: 'string' }, broker_type: { type: 'string' }, message_count: COUNT }, [
        'topic',
        'broker_type',
        'message_count',
      ]),
    },
    optionalInput: true,
    decode: () => null,
    run: () =>
      underCode('dlq_topics_failed', 'list the dead letters', async () => {
        const rows = await topicRows(deps)
        return rows
          .filter(({ stats }) => stats.dead > 0)
          .map(({ name, brokerType, stats }) => ({ topic: name, broker_type: brokerType, message_count: stats.dead }))
      }),
  }
}

function dlqMessages({ backend, names }: DeadLetterDeps): BuiltInFunction<Messages> {
  return {
    id: 'engine::queue::dlq_messages',
    description: 'Lists dead letters with their data, last error and history.',
    request: objectSchema(
      {
        topic: NAME_SCHEMAS.queue,
        queue: { type: 'string', description: 'The same as `topic`.' },
        ...PAGE_SCHEMAS,
        message_id: { type: ['string', 'null'], description: 'Only the one with this id. Default: all.' },
        order: { enum: ['newest', 'oldest', null], description: 'By the time of the last failure. Default newest.' },
      },
      ['topic'],
    ),
    response: {
      type: 'array',
      items: objectSchema(
        {
          id: MESSAGE_ID,
          payload: {},
          error: { type: 'string', description: 'Code and message of the last failure.' },
          failed_at: { type: 'integer', description: 'Unix seconds of the last failure.' },
          retries: { type: 'integer', description: 'Failed deliveries.' },
          size_bytes: { type: 'integer', description: 'Bytes of the data.' },
          function_id: { type: 'string' },
          namespace: { type: 'string', description: 'Left out for `default`.' },
          created_at: { type: 'integer', description: 'Unix milliseconds.' },
          history: { type: 'array', description: 'The failed deliveries, oldest first, with Unix milliseconds.' },
        },
        ['id', 'payload', 'error', 'failed_at', 'retries', 'size_bytes'],
      ),
    },
    decode: readMessages,
    run: ({ topic, messageId, page, order }) =>
      underCode('dlq_messages_failed', `list the dead letters of "${topic}"`, async () =>
        mergedPage(await names.find(topic), page, {
          read: async (queue, { offset, limit }) => {
            if (messageId === undefined) return backend.deadLetters(queue, { offset, limit, order })
            const found = await backend.deadLetter(queue, messageId)
            return found === undefined ? [] : [found].slice(offset, offset + limit)
          },
          order: (one, other) => (order === 'newest' ? -1 : 1) * (one.error.at - other.error.at),
          row: deadLetterRow,
        }),
      ),
  }
}

function readMessages(input: InputObject, reader: InputReader): Messages {
  const { order = 'newest' } = input as { order?: unknown }
  if (order !== 'newest' && order !== 'oldest' && order !== null) reader.wrong(input, 'order', '"newest" or "oldest"')
  return {
    topic: readName(input, reader, 'topic', 'topic_required'),
    messageId: input['message_id'] == null ? undefined : readMessageId(input, reader),
    page: readPage(input, reader),
    order: order === 'oldest' ? 'oldest' : 'newest',
  }
}

type Action = 'redrive' | 'discard'

function all(deps: DeadLetterDeps, action: Action, description: string): BuiltInFunction<Named> {
  const counted = action === 'redrive' ? 'redriven' : 'discarded'
  return {
    id: `iii::queue::${action}`,
    description,
    request: objectSchema(NAME_SCHEMAS, ['queue']),
    response: objectSchema({ queue: { type: 'string' }, [counted]: COUNT }, ['queue', counted]),
    decode: (input, reader) => ({ queue: readName(input, reader, 'queue', 'queue_not_set') }),
    run: ({ queue }) =>
      underCode(`${action}_failed`, `${action} the dead letters of "${queue}"`, async () => ({
        queue,
        [counted]: await apply(deps, action, queue, 'all'),
      })),
  }
}

function one(deps: DeadLetterDeps, action: Action, description: string): BuiltInFunction<OneMessage> {
  return {
    id: `iii::queue::${action}_message`,
    description,
    request: objectSchema({ ...NAME_SCHEMAS, message_id: MESSAGE_ID }, ['queue', 'message_id']),
    // The member is called `redriven` in both: clients look for it there.
    response: objectSchema(
      {
        queue: { type: 'string' },
        message_id: { type: 'string' },
        redriven: { ...COUNT, description: '1, or 0 when there is none by that id.' },
      },
      ['queue', 'message_id', 'redriven'],
    ),
    decode: (input, reader) => ({
      queue: readName(input, reader, 'queue', 'queue_not_set'),
      messageId: readMessageId(input, reader),
    }),
    run: ({ queue, messageId }) =>
      underCode(`${action}_message_failed`, `${action} the dead letter ${messageId} of "${queue}"`, async () => ({
        queue,
        message_id: messageId,
        redriven: await apply(deps, action, queue, { ids: [messageId] }),
      })),
  }
}

async function apply(deps: DeadLetterDeps, action: Action, name: string, which: DeadLetterChoice): Promise<number> {
  const { backend, names, redriven } = deps
  let total = 0
  for (const queue of (await names.find(name)).queues) {
    const count = await backend[action](queue, which)
    if (action === 'redrive' && count > 0) redriven(queue, count)
    total += count
  }
  return total
}
