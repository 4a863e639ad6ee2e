// Where entries can be kept: the adapters of `configuration`, the default first.
import { AdapterSet, type AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { BRIDGE_OPTION } from '../../kit/bridge/bridge-option.ts'
import { openFolderStore } from './adapters/fs.ts'
import type { ConfigurationStore, ConfigurationStoreContext, ConfigurationStoreFactory } from './adapters/store.ts'

export const CONFIGURATION_ADAPTERS = new AdapterSet<ConfigurationStoreFactory>(
  {
    name: 'fs',
    description: 'One YAML file per entry.',
    config: {
      directory: {
        type: ['string', 'null'],
        minLength: 1,
        description: 'Folder of the files, relative to the project root. Default `./config`.',
      },
    },
    load: () => openFolderStore,
  },
  { ...BRIDGE_OPTION, load: async () => (await import('./adapters/bridge.ts')).openConfigurationBridge },
)

export async function openConfigurationStore(
  choice: AdapterChoice | null | undefined,
  context: Omit<ConfigurationStoreContext, 'config'>,
): Promise<ConfigurationStore> {
  const open = await CONFIGURATION_ADAPTERS.load(choice)
  return open({ ...context, config: CONFIGURATION_ADAPTERS.chosen(choice).config })
}
