// From the `adapter` block to the store of entries. Adapters are found by name here and nowhere else.
import { loadAdapter, type AdapterChoice, type AdapterFactories } from '../../kit/adapters/adapter-set.ts'
import { openFolderStore } from './adapters/fs.ts'
import type { ConfigurationStore, ConfigurationStoreContext, ConfigurationStoreFactory } from './adapters/store.ts'

const FACTORIES: AdapterFactories<ConfigurationStoreFactory> = {
  fs: async () => openFolderStore,
  bridge: async () => (await import('./adapters/bridge.ts')).openConfigurationBridge,
}

export async function openConfigurationStore(
  adapter: AdapterChoice,
  context: Omit<ConfigurationStoreContext, 'config'>,
): Promise<ConfigurationStore> {
  const open = await loadAdapter(FACTORIES, adapter)
  return open({ ...context, config: adapter.config ?? {} })
}
