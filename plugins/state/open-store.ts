// From the `adapter` block to an open store. Adapters are found by name here and nowhere else; what only some of them need is
// loaded when one of them is configured.
import type { AdapterChoice } from '../../kit/adapter-choice.ts'
import { openKv } from './adapters/kv.ts'
import type { StateStore, StateStoreContext, StateStoreFactory } from './adapters/store.ts'

const FACTORIES = new Map<string, () => Promise<StateStoreFactory>>([
  ['kv', async () => openKv],
  ['redis', async () => (await import('./adapters/redis.ts')).openRedis],
  ['bridge', async () => (await import('./adapters/bridge.ts')).openStateBridge],
])

export async function openStateStore(
  adapter: AdapterChoice,
  context: Omit<StateStoreContext, 'config'>,
): Promise<StateStore> {
  const load = FACTORIES.get(adapter.name)
  if (load === undefined) {
    throw new Error(`Adapter factory '${adapter.name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  const open = await load()
  return open({ ...context, config: adapter.config ?? {} })
}
