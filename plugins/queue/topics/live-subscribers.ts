// How many subscribers each topic has at the moment (spec 03 §5): each replica counts, where the provider of the type knows them as one.
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import { SUBSCRIBER_TRIGGER_TYPES, topicOf } from './trigger.ts'

interface Registered {
  readonly registered_triggers: readonly { readonly config: unknown }[]
}

export async function liveSubscribers(iii: Caller): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const { id } of SUBSCRIBER_TRIGGER_TYPES) {
    const payload = { trigger_type: id, include_internal: true }
    const { registered_triggers } = (await iii.trigger({
      function_id: 'engine::registered-triggers::list',
      payload,
    })) as Registered
    for (const { config } of registered_triggers) {
      const topic = topicOf(config)
      if (topic !== undefined) counts.set(topic, (counts.get(topic) ?? 0) + 1)
    }
  }
  return counts
}
