// From the `adapter` block to the store of entries. Adapters are found by name here and nowhere else; what only some of them need
// is loaded when one of them is configured.
import type { AdapterChoice } from '../../kit/adapter-choice.ts'
import { openFolderStore } from './adapters/fs.ts'
import type { ConfigurationStore, ConfigurationStoreContext, ConfigurationStoreFactory } from './adapters/store.ts'

const FACTORIES = new Map<string, () => Promise<ConfigurationStoreFactory>>([
  ['fs', async () => openFolderStore],
  ['bridge', async () => (await import('./adapters/bridge.ts')).openConfigurationBridge],
])

export async function openConfigurationStore(
  adapter: AdapterChoice,
  context: Omit<ConfigurationStoreContext, 'config'>,
): Promise<ConfigurationStore> {
  const load = FACTORIES.get(adapter.name)
  if (load === undefined) {
    throw new Error(`Adapter factory '${adapter.name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  const open = await load()
  return open({ ...context, config: adapter.config ?? {} })
}
