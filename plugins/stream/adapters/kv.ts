// The adapter `kv`: on disk by default, in memory when asked for (spec 02 §7.1, §7.3).
import { resolve } from 'node:path'
import { readKvSettings } from '../../../kit/kv-settings.ts'
import { KvFile } from './kv-file.ts'
import { KvMemory } from './kv-memory.ts'
import type { StreamStore, StreamStoreContext } from './store.ts'

const DEFAULT_FOLDER = './data/stream_store'

/** `channel_size` is accepted without effect: each subscriber has a queue of its own. */
const EXTRA = ['channel_size']

export function openKv({ config, history, projectRoot, log }: StreamStoreContext): StreamStore {
  const { method, folder, maxBytes } = readKvSettings(config, {
    defaultFolder: DEFAULT_FOLDER,
    worker: 'iii-stream',
    extra: EXTRA,
  })
  if (method === 'in_memory') return new KvMemory({ history, log })
  return new KvFile({ folder: resolve(projectRoot, folder), history, maxBytes, log })
}
