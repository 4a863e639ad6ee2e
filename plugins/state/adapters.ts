// Where state can be kept: the adapters of `iii-state`, the default first.
import { AdapterSet, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { kvOption } from '../../kit/adapters/kv-settings.ts'
import { BRIDGE_OPTION } from '../../kit/bridge/bridge-option.ts'
import { REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import { KV_FOLDER, openKv } from './adapters/kv.ts'
import type { StateStore, StateStoreContext, StateStoreFactory } from './adapters/store.ts'

export const STATE_ADAPTERS = new AdapterSet<StateStoreFactory>(
  { ...kvOption(KV_FOLDER), load: () => openKv },
  { ...REDIS_OPTION, load: async () => (await import('./adapters/redis.ts')).openRedis },
  { ...BRIDGE_OPTION, load: async () => (await import('./adapters/bridge.ts')).openStateBridge },
)

export async function openStateStore(
  choice: AdapterChoice | null | undefined,
  context: Omit<StateStoreContext, 'config'>,
): Promise<StateStore> {
  const open = await STATE_ADAPTERS.load(choice)
  return open({ ...context, config: STATE_ADAPTERS.chosen(choice).config })
}
