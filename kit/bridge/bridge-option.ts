// The adapter `bridge` as the settings of a worker know it: the same for all of them. Loads nothing of the bridge itself.
import type { AdapterDescription } from '../adapters/adapter-set.ts'
import { DEFAULT_BRIDGE_URL } from './bridge-url.ts'

/** Description of an adapter `bridge`. */
export const BRIDGE_OPTION: AdapterDescription = {
  name: 'bridge',
  description: 'Everything is kept by the same worker of another engine, to which this one connects as a worker.',
  config: {
    bridge_url: {
      type: 'string',
      description: `ws:// or wss:// address of a worker listener of the other engine. Default ${DEFAULT_BRIDGE_URL}.`,
    },
  },
}
