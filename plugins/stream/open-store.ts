// From the `adapter` block to an open store. Adapters are found by name here and nowhere else.
import type { AdapterChoice } from '../../kit/adapter-choice.ts'
import type { StreamStore, StreamStoreContext, StreamStoreFactory } from './adapters/store.ts'

/** Loaded when configured: Redis and the bridge bring clients along that most engines do not need. */
const FACTORIES = new Map<string, () => Promise<StreamStoreFactory>>([
  ['kv', async () => (await import('./adapters/kv.ts')).openKv],
  ['redis', async () => (await import('./adapters/redis.ts')).openRedis],
  ['bridge', async () => (await import('./adapters/bridge.ts')).openStreamBridge],
])

export async function openStreamStore(
  adapter: AdapterChoice,
  context: Omit<StreamStoreContext, 'config'>,
): Promise<StreamStore> {
  const load = FACTORIES.get(adapter.name)
  if (load === undefined) {
    throw new Error(`Adapter factory '${adapter.name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  const open = await load()
  return open({ ...context, config: adapter.config ?? {} })
}
