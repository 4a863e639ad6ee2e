// The `config` block of `iii-pubsub` (spec 03 §2, §8.4): its schema, and the adapter that it names.
import { adapterSchema, isSameAdapter, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'

export interface PubSubConfig {
  readonly adapter?: AdapterChoice | null
}

export const PUBSUB_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: adapterSchema(
      [
        {
          name: 'local',
          aliases: ['memory'],
          description: 'Events reach the subscribers of this engine.',
          config: {},
        },
        { ...REDIS_OPTION, description: 'A Redis server: events reach the subscribers of every engine on it.' },
      ],
      'What carries the events. Default local. A change takes the subscriptions along.',
    ),
  },
}

/** The adapter with its aliases resolved. */
export function adapterOf({ adapter }: PubSubConfig): AdapterChoice {
  if (adapter === undefined || adapter === null || adapter.name === 'memory') return { name: 'local' }
  return adapter
}

export function isSame(one: AdapterChoice, other: AdapterChoice): boolean {
  return isSameAdapter(one, other, 'local')
}
