// From the `adapter` block to the store of entries. Adapters are found by name here and nowhere else.
import type { AdapterChoice } from '../../kit/adapter-choice.ts'
import { openFolderStore } from './adapters/fs.ts'
import type { ConfigurationStore, ConfigurationStoreContext, ConfigurationStoreFactory } from './adapters/store.ts'

const FACTORIES: ReadonlyMap<string, ConfigurationStoreFactory> = new Map([['fs', openFolderStore]])

export function openConfigurationStore(
  adapter: AdapterChoice,
  context: Omit<ConfigurationStoreContext, 'config'>,
): ConfigurationStore | Promise<ConfigurationStore> {
  const factory = FACTORIES.get(adapter.name)
  if (factory === undefined) {
    throw new Error(`Adapter factory '${adapter.name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  return factory({ ...context, config: adapter.config ?? {} })
}
