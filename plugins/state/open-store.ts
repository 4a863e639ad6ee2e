// From the `adapter` block to an open store. Adapters are found by name here and nowhere else.
import { loadAdapter, type AdapterChoice, type AdapterFactories } from '../../kit/adapters/adapter-set.ts'
import { openKv } from './adapters/kv.ts'
import type { StateStore, StateStoreContext, StateStoreFactory } from './adapters/store.ts'

const FACTORIES: AdapterFactories<StateStoreFactory> = {
  kv: async () => openKv,
  redis: async () => (await import('./adapters/redis.ts')).openRedis,
  bridge: async () => (await import('./adapters/bridge.ts')).openStateBridge,
}

export async function openStateStore(
  adapter: AdapterChoice,
  context: Omit<StateStoreContext, 'config'>,
): Promise<StateStore> {
  const open = await loadAdapter(FACTORIES, adapter)
  return open({ ...context, config: adapter.config ?? {} })
}
