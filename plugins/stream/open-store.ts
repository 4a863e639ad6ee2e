// From the `adapter` block to an open store. Adapters are found by name here and nowhere else.
import { loadAdapter, type AdapterChoice, type AdapterFactories } from '../../kit/adapters/adapter-set.ts'
import type { StreamStore, StreamStoreContext, StreamStoreFactory } from './adapters/store.ts'

const FACTORIES: AdapterFactories<StreamStoreFactory> = {
  kv: async () => (await import('./adapters/kv.ts')).openKv,
  redis: async () => (await import('./adapters/redis.ts')).openRedis,
  bridge: async () => (await import('./adapters/bridge.ts')).openStreamBridge,
}

export async function openStreamStore(
  adapter: AdapterChoice,
  context: Omit<StreamStoreContext, 'config'>,
): Promise<StreamStore> {
  const open = await loadAdapter(FACTORIES, adapter)
  return open({ ...context, config: adapter.config ?? {} })
}
