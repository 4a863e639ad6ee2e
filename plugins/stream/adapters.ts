// Where items can be kept: the adapters of `iii-stream`, the default first.
import { AdapterSet, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { kvOption } from '../../kit/adapters/kv-settings.ts'
import { BRIDGE_OPTION } from '../../kit/bridge/bridge-option.ts'
import { REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import { KV_EXTRA, KV_FOLDER, openKv } from './adapters/kv.ts'
import type { StreamStore, StreamStoreContext, StreamStoreFactory } from './adapters/store.ts'

export const STREAM_ADAPTERS = new AdapterSet<StreamStoreFactory>(
  { ...kvOption(KV_FOLDER, KV_EXTRA), load: () => openKv },
  { ...REDIS_OPTION, load: async () => (await import('./adapters/redis.ts')).openRedis },
  { ...BRIDGE_OPTION, load: async () => (await import('./adapters/bridge.ts')).openStreamBridge },
)

export async function openStreamStore(
  choice: AdapterChoice | null | undefined,
  context: Omit<StreamStoreContext, 'config'>,
): Promise<StreamStore> {
  const open = await STREAM_ADAPTERS.load(choice)
  return open({ ...context, config: STREAM_ADAPTERS.chosen(choice).config })
}
