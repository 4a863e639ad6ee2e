// The function `publish` (spec 03 §8.1). It answers once the event is on its way and knows nothing of who gets it.
import { registerBuiltIn, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import type { EventOrigin } from '../../kit/triggers/trigger-bindings.ts'
import { CodedError } from '../../protocol/errors.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import type { PubSubEvent } from './adapters/adapter.ts'

interface PublishInput {
  readonly topic: string
  /** JSON text. */
  readonly data: string
}

/** @param publish Hands the event to the adapter. */
export function registerPublish(iii: FunctionRegistrar, publish: (event: PubSubEvent) => void | Promise<void>): void {
  registerBuiltIn<PublishInput>(iii, {
    id: 'publish',
    description: 'Sends data to everything that is subscribed to a topic now; whoever subscribes later misses it.',
    request: {
      type: 'object',
      required: ['topic', 'data'],
      properties: {
        topic: { type: 'string', description: 'Exact name, not empty; there are no wildcards.' },
        data: { description: 'Any JSON value.' },
      },
    },
    response: { type: 'null', description: 'No value.' },
    carried: ['data'],
    decode: (input, reader) => ({ topic: reader.string(input, 'topic'), data: reader.carried(input, 'data') }),
    run({ topic, data }) {
      if (topic === '') throw new CodedError('topic_not_set', 'The topic is empty: name the topic to publish to.')
      // Taken now: the context is gone when the adapter has answered.
      const origin: EventOrigin = currentCallContext() ?? {}
      try {
        const published = publish({ topic, json: data, origin })
        return published?.catch((cause: unknown) => failed(topic, cause))
      } catch (cause) {
        return failed(topic, cause)
      }
    },
  })
}

/** A refusal that has its own code keeps it: it says that nothing was done. */
function failed(topic: string, cause: unknown): never {
  if (cause instanceof CodedError) throw cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new CodedError('publish_failed', `Failed to publish to the topic "${topic}": ${reason}`, { cause })
}
