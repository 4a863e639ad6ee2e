// The trigger type `queue:dead-letter` (spec 03 §5.2): one event for each message that has used up its deliveries.
import {
  readCondition,
  readConfigObject,
  readOptionalText,
  type BindingFilter,
  type TriggerBindingsOptions,
} from '../../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../../sdk/handle-types.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import type { QueueRef } from '../adapters/backend.ts'
import type { Failure, Job } from '../job.ts'
import { kindOf } from './queue-figures.ts'

export interface DeadLetterEvent {
  readonly queue: QueueRef
  readonly job: Job
  readonly functionId: string
  readonly failure: Failure
}

export interface DeadLetterFilter extends BindingFilter {
  /** A named queue or a topic; undefined = any. */
  readonly queue: string | undefined
}

export const DEAD_LETTER_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'queue:dead-letter',
  description: 'Fires for each message that has failed so often that it is not delivered any more.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    properties: {
      queue: { type: ['string', 'null'], description: 'Only this named queue or topic; absent = any.' },
      topic: { type: ['string', 'null'], description: 'The same as `queue`.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the event first; exactly false skips the handler.',
      },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['queue', 'kind', 'id', 'function_id', 'size_bytes', 'created_at', 'error', 'attempts', 'failed_at'],
    properties: {
      queue: { type: 'string', description: 'Name of the queue or the topic.' },
      kind: { enum: ['named', 'topic'] },
      id: { type: 'string', description: 'For `iii::queue::redrive_message`.' },
      function_id: {
        type: 'string',
        description: 'The function that failed; of a subscription with `__binding`, that.',
      },
      error: {
        type: 'object',
        description: 'Of the last failure.',
        required: ['code', 'message'],
        properties: { code: { type: 'string' }, message: { type: 'string' } },
      },
      namespace: { type: 'string', description: 'Of the function. Left out for `default`.' },
      payload: { description: 'What was enqueued or published. Left out where it is too long.' },
      size_bytes: { type: 'integer', description: 'Bytes of it.' },
      created_at: { type: 'integer', description: 'Unix milliseconds at which it was stored.' },
      attempts: { type: 'integer', description: 'Failed deliveries.' },
      failed_at: { type: 'integer', description: 'Unix milliseconds of the last failure.' },
    },
  },
}

/** Characters of what was enqueued that an event carries. */
export const MAX_EVENT_PAYLOAD = 64 * 1024

/** For `TriggerBindings`. */
export const DEAD_LETTER_BINDINGS: Omit<TriggerBindingsOptions<DeadLetterFilter, DeadLetterEvent>, 'iii' | 'log'> = {
  readConfig(config) {
    const members = readConfigObject(config)
    return {
      queue: readOptionalText(members, 'queue') ?? readOptionalText(members, 'topic'),
      condition_function_id: readCondition(members),
    }
  },
  matches: () => true,
  subject: { of: ({ queue }) => queue, ofEvent: ({ queue }) => queue.name },
  payload({ queue, job, functionId, failure: { at, code, message } }) {
    const { id, namespace, data, attempts, createdAt } = job
    const text = JSON.stringify({
      queue: queue.name,
      kind: kindOf(queue),
      id,
      function_id: functionId,
      ...(namespace !== undefined && namespace !== 'default' && { namespace }),
      error: { code, message },
      attempts,
      failed_at: at,
      created_at: createdAt,
      size_bytes: Buffer.byteLength(data),
    })
    return new RawJson(isShown(job) ? `${text.slice(0, -1)},"payload":${data}}` : text)
  },
  bytes: ({ failure, job }) => failure.message.length + (isShown(job) ? job.data.length : 0) + 500,
  orderKey: ({ queue }) => queue.key,
}

function isShown({ data }: Job): boolean {
  return data.length <= MAX_EVENT_PAYLOAD
}
