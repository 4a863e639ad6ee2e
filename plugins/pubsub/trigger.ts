// The trigger type `subscribe` (spec 03 §8.2): what its config says.
import { readCondition, readConfigObject, type BindingFilter } from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'

export const SUBSCRIBE_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'subscribe',
  description: 'Fires for everything that is published to a topic.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    required: ['topic'],
    properties: {
      topic: { type: 'string', description: 'Exact name, not empty; there are no wildcards.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the data first; exactly false skips the handler.',
      },
    },
  },
  call_request_format: { description: 'The published data itself: any JSON value.' },
}

/** The topic, or undefined for a config that names none: such a binding is never fired, and no error. */
export function topicOf(config: unknown): string | undefined {
  if (typeof config !== 'object' || config === null) return undefined
  const { topic } = config as { topic?: unknown }
  return typeof topic === 'string' && topic !== '' ? topic : undefined
}

/** The topic counts already: which bindings an event reaches is found by it, not by looking at each. */
export function readSubscribeFilter(config: unknown): BindingFilter {
  return { condition_function_id: readCondition(readConfigObject(config)) }
}
