// The adapter `kv`: on disk by default, in memory when asked for (spec 02 §7.1, §7.3).
import { resolve } from 'node:path'
import { readKvSettings } from '../../../kit/adapters/kv-settings.ts'
import { KvFile } from './kv-file.ts'
import { KvMemory } from './kv-memory.ts'
import type { StateStore, StateStoreContext } from './store.ts'

export const KV_FOLDER = './data/state_store.db'

export function openKv({ config, projectRoot, log }: StateStoreContext): StateStore {
  const { method, folder, maxBytes } = readKvSettings(config, { defaultFolder: KV_FOLDER, worker: 'iii-state' })
  if (method === 'in_memory') return new KvMemory()
  return new KvFile({ folder: resolve(projectRoot, folder), maxBytes, log })
}
