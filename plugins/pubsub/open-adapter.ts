// From the `adapter` block to an open adapter. Adapters are found by name here and nowhere else.
import { loadAdapter, type AdapterChoice, type AdapterFactories } from '../../kit/adapters/adapter-set.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { PubSubAdapter, PubSubAdapterFactory } from './adapters/adapter.ts'
import { LocalAdapter } from './adapters/local.ts'

const FACTORIES: AdapterFactories<PubSubAdapterFactory> = {
  local: async () => () => new LocalAdapter(),
  redis: async () => (await import('./adapters/redis.ts')).openRedis,
}

export async function openAdapter(adapter: AdapterChoice, log: PluginLog): Promise<PubSubAdapter> {
  const open = await loadAdapter(FACTORIES, adapter)
  return open({ config: adapter.config ?? {}, log })
}
