// The `config` block of `iii-pubsub` (spec 03 §2, §8.4).
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { PUBSUB_ADAPTERS } from './adapters.ts'

export interface PubSubConfig {
  readonly adapter?: AdapterChoice | null
}

export const PUBSUB_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: PUBSUB_ADAPTERS.schema('What carries the events. Default local. A change takes the subscriptions along.'),
  },
}
