// `engine::queue::enqueue`: stores a call for later (spec 03 §3.2, §3.3). The engine calls it for `TriggerAction.Enqueue`; workers may call it themselves,
// with a receipt of their own.
import { unknownKey } from '../../base/values/closest-name.ts'
import type { BuiltInFunction } from '../../kit/functions/built-in-function.ts'
import { ANY_VALUE, objectSchema } from '../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import type { Backend } from './adapters/backend.ts'
import type { JobContent } from './job.ts'
import type { NamedQueues } from './named-queues.ts'
import { newJob, type PublishOptions } from './new-job.ts'
import { PUBLISH_OPTIONS, readPublishOptions } from './publish-options.ts'
import { nameFault } from './queue-name.ts'
import { endWith, type QueueSpans } from './watch/queue-spans.ts'

export interface EnqueueContext {
  readonly backend: Pick<Backend, 'enqueue'>
  readonly queues: Pick<NamedQueues, 'get'>
  readonly now: () => number
  /** Told of each job that was stored. */
  readonly stored: (queue: string) => void
  readonly spans: Pick<QueueSpans, 'enqueue'>
}

interface EnqueueInput {
  readonly queue: string
  readonly content: JobContent
  readonly options: PublishOptions
}

const OPTIONAL_TEXT = { type: ['string', 'null'] }
const REQUEST: Readonly<Record<string, JsonSchema>> = {
  queue: { type: 'string', description: 'Name of the queue.' },
  function_id: { type: 'string', description: 'The function to call; it need not exist yet.' },
  data: { ...ANY_VALUE, description: 'What it gets.' },
  messageReceiptId: { type: 'string', description: 'Id of the job.' },
  namespace: { ...OPTIONAL_TEXT, description: 'Of the function. Default: default.' },
  traceparent: { ...OPTIONAL_TEXT, description: 'Trace context of the publisher.' },
  baggage: { ...OPTIONAL_TEXT, description: 'Baggage of the publisher.' },
  ...PUBLISH_OPTIONS,
}
/** The last one comes with every call. */
const MEMBERS: ReadonlySet<string> = new Set([...Object.keys(REQUEST), '_caller_worker_id'])

export function enqueueFunction({
  backend,
  queues,
  now,
  stored: tellStored,
  spans,
}: EnqueueContext): BuiltInFunction<EnqueueInput> {
  return {
    id: 'engine::queue::enqueue',
    description:
      'Stores a call of a function in a named queue. Answered when it is safe; the function is called later.',
    request: objectSchema(REQUEST, ['queue', 'function_id', 'data', 'messageReceiptId']),
    response: objectSchema(
      {
        messageReceiptId: {
          type: 'string',
          description: 'Id of the job; with a deduplication key that of the first one.',
        },
        duplicate: {
          type: 'boolean',
          description: 'Nothing was stored: an earlier job has the same key. Left out otherwise.',
        },
      },
      ['messageReceiptId'],
    ),
    carried: ['data'],
    // It is written at once, and read again where it is not among the first that wait.
    carriedBriefly: true,
    decode: (input, reader) => {
      refuseUnknown(input, reader)
      return {
        queue: name(input, reader, 'queue'),
        content: {
          id: name(input, reader, 'messageReceiptId'),
          functionId: name(input, reader, 'function_id'),
          namespace: namespaceOf(input, reader),
          data: reader.carried(input, 'data'),
          traceparent: optionalText(input, reader, 'traceparent'),
          baggage: optionalText(input, reader, 'baggage'),
        },
        options: readPublishOptions(input, reader),
      }
    },
    run: ({ queue: queueName, content, options }) => {
      const { ref, settings } = queues.get(queueName)
      const isDelayed = (options.delayMs ?? settings.delayMs) > 0
      const job = newJob(queueName, settings, content, options, isDelayed ? now() : 0)
      const span = spans.enqueue(queueName, content)
      const traced = span === undefined ? job : { ...job, traceparent: span.traceparent }
      const storing = backend.enqueue([{ queue: ref, job: traced }])
      if (span !== undefined) void endWith(span, storing)
      return storing.then(([stored]) => {
        const { id, stored: isStored } = stored!
        if (isStored) tellStored(ref.name)
        return new RawJson(`{"messageReceiptId":${JSON.stringify(id)}${isStored ? '' : ',"duplicate":true'}}`)
      })
    },
  }
}

/** A mistyped `delay_ms` would be as if it had not been said: the job would be delivered at once. */
function refuseUnknown(input: InputObject, reader: InputReader): void {
  for (const member in input) if (!MEMBERS.has(member)) reader.fail(unknownKey(member, Object.keys(REQUEST)))
}

/** A required text that is not empty, and can be told from all others when it is stored. */
function name(input: InputObject, reader: InputReader, member: string): string {
  const value = reader.string(input, member)
  if (value === '') return reader.fail(`member \`${member}\` is empty`)
  const fault = nameFault(value)
  return fault === undefined ? value : reader.fail(`member \`${member}\`, ${JSON.stringify(value)}, ${fault}`)
}

function optionalText(input: InputObject, reader: InputReader, member: string): string | undefined {
  const value = input[member]
  return value === undefined || value === null ? undefined : reader.string(input, member)
}

function namespaceOf(input: InputObject, reader: InputReader): string | undefined {
  const namespace = optionalText(input, reader, 'namespace')
  return namespace === 'default' || namespace === '' ? undefined : namespace
}
