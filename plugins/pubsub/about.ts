// What others need to know of `iii-pubsub`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-pubsub',
  alias: 'pubsub',
  classes: ['modules::pubsub::PubSubModule'],
  adapterClasses: {
    'modules::pubsub::RedisAdapter': 'redis',
    'modules::pubsub::LocalAdapter': 'local',
  },
  triggerTypes: ['subscribe'],
  functionIds: ['publish'],
  isDefault: true,
  errors: {
    topic_not_set: 'The topic is empty.',
    publish_failed: 'The event could not be handed to the adapter of the pub/sub worker.',
  },
  scenarios: {
    pubsub: () => import('./bench/pubsub.ts'),
    'publish-workers': () => import('./bench/publish-workers.ts'),
  },
  config: async () => (await import('./config.ts')).PUBSUB_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) => (await import('./publish.ts')).registerPublish(registrar, () => {}),
  declareTriggerTypes: async () => [(await import('./trigger.ts')).SUBSCRIBE_TRIGGER_TYPE],
} as const satisfies BuiltInAbout
