// What can carry the events: the adapters of `iii-pubsub`, the default first.
import { AdapterSet, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { PubSubAdapter, PubSubAdapterFactory } from './adapters/adapter.ts'
import { LocalAdapter } from './adapters/local.ts'

export const PUBSUB_ADAPTERS = new AdapterSet<PubSubAdapterFactory>(
  {
    name: 'local',
    aliases: ['memory'],
    description: 'Events reach the subscribers of this engine.',
    config: {},
    load: () => () => new LocalAdapter(),
  },
  {
    ...REDIS_OPTION,
    config: {
      ...REDIS_OPTION.config,
      equal_bindings: {
        enum: ['once', 'each', null],
        description:
          'Where the same is bound on several engines: once (default), one of them calls it for an event; each, all of them do.',
      },
    },
    description: 'A Redis server: events reach the subscribers of every engine on it.',
    load: async () => (await import('./adapters/redis.ts')).openRedis,
  },
)

export async function openAdapter(choice: AdapterChoice | null | undefined, log: PluginLog): Promise<PubSubAdapter> {
  const open = await PUBSUB_ADAPTERS.load(choice)
  return open({ config: PUBSUB_ADAPTERS.chosen(choice).config, log })
}
