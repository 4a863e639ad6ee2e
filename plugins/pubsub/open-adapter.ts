// From the `adapter` block to an open adapter. Adapters are found by name here and nowhere else.
import type { AdapterChoice } from '../../kit/adapter-choice.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { PubSubAdapter, PubSubAdapterFactory } from './adapters/adapter.ts'
import { LocalAdapter } from './adapters/local.ts'
import { openRedis } from './adapters/redis.ts'

const FACTORIES: ReadonlyMap<string, PubSubAdapterFactory> = new Map<string, PubSubAdapterFactory>([
  ['local', () => new LocalAdapter()],
  ['redis', openRedis],
])

export async function openAdapter({ name, config }: AdapterChoice, log: PluginLog): Promise<PubSubAdapter> {
  const factory = FACTORIES.get(name)
  if (factory === undefined) {
    throw new Error(`Adapter factory '${name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  return factory({ config: config ?? {}, log })
}
