// `iii::durable::publish` and `enqueue` (spec 03 §4.1): one copy for each subscription, stored before it is answered.
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { ANY_VALUE, objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { currentCallContext } from '../../../sdk/async-call-contexts.ts'
import type { Backend, PublishedMessage } from '../adapters/backend.ts'
import { scheduleOf } from '../new-job.ts'
import { PUBLISH_OPTIONS, readPublishOptions, refuseMistyped } from '../publish-options.ts'
import { nameFault } from '../queue-name.ts'
import { QUEUE_DEFAULTS } from '../settings.ts'
import { endWith, type QueueSpans } from '../watch/queue-spans.ts'

export interface PublishDeps {
  readonly backend: Pick<Backend, 'publish'>
  /** What has to be waited for before a message of the topic is stored; undefined = nothing. */
  readonly changes: (topic: string) => Promise<void> | undefined
  /** Told how many copies were stored, for the figures. */
  readonly published: (topic: string, copies: number) => void
  /** Unix milliseconds. */
  readonly now: () => number
  readonly spans: Pick<QueueSpans, 'publish'>
}

interface Publication {
  readonly topic: string
  readonly message: PublishedMessage
}

const IDS = {
  'iii::durable::publish': 'Stores data for every function that is subscribed to a topic, and answers when it is safe.',
  enqueue: 'The same as `iii::durable::publish`, by its older name.',
} as const

const MEMBERS = {
  topic: { type: 'string', description: 'Exact name, not empty; there are no wildcards.' },
  queue: { type: 'string', description: 'The same as `topic`, which counts where both are there.' },
  data: ANY_VALUE,
  ...PUBLISH_OPTIONS,
}
const REQUEST = objectSchema(MEMBERS, ['topic', 'data'])
const KNOWN: ReadonlySet<string> = new Set(Object.keys(MEMBERS))

export function registerPublish(
  iii: FunctionRegistrar,
  { backend, changes, published, now, spans }: PublishDeps,
): void {
  for (const [id, description] of Object.entries(IDS)) {
    registerBuiltIn<Publication>(iii, {
      id,
      description,
      request: REQUEST,
      response: { type: 'null', description: 'No value.' },
      carried: ['data'],
      decode: (input, reader) => readPublication(input, reader, now()),
      async run({ topic, message }) {
        if (topic === '') throw new CodedError('topic_not_set', 'The topic is empty: name the topic to publish to.')
        const changing = changes(topic)
        if (changing !== undefined) await changing
        const span = spans.publish(id, topic, message.data, message.traceparent)
        const traced = span === undefined ? message : { ...message, traceparent: span.traceparent }
        try {
          const storing = backend.publish(topic, traced)
          if (span !== undefined) void endWith(span, storing)
          published(topic, await storing)
        } catch (cause) {
          if (cause instanceof CodedError) throw cause
          const reason = cause instanceof Error ? cause.message : String(cause)
          throw new CodedError('durable_publish_failed', `Failed to publish to the topic "${topic}": ${reason}`, {
            cause,
          })
        }
      },
    })
  }
}

function readPublication(input: InputObject, reader: InputReader, now: number): Publication {
  const topic = reader.string(
    input,
    Object.hasOwn(input, 'topic') || !Object.hasOwn(input, 'queue') ? 'topic' : 'queue',
  )
  const fault = nameFault(topic)
  if (fault !== undefined) reader.fail(`the topic ${JSON.stringify(topic)} ${fault}`)
  const data = reader.carried(input, 'data')
  refuseMistyped(input, reader, KNOWN)
  const options = readPublishOptions(input, reader)
  // Taken now: the context is gone when the store has answered.
  const { traceparent, baggage } = currentCallContext() ?? {}
  // What a subscription says of delays is up to its queue.
  return { topic, message: { data, traceparent, baggage, ...scheduleOf(QUEUE_DEFAULTS, data, options, now) } }
}
