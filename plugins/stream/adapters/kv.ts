// The adapter `kv`: on disk by default, in memory when asked for (spec 02 §7.1, §7.3).
import { resolve } from 'node:path'
import { readKvSettings } from '../../../kit/adapters/kv-settings.ts'
import { KvFile } from './kv-file.ts'
import { KvMemory } from './kv-memory.ts'
import type { StreamStore, StreamStoreContext } from './store.ts'

export const KV_FOLDER = './data/stream_store'

/** Members of the block beyond those of every store. */
export const KV_EXTRA = {
  channel_size: {
    type: ['number', 'null'],
    description: 'Accepted without effect: each subscriber has a queue of its own.',
  },
}

export function openKv({ config, history, projectRoot, log }: StreamStoreContext): StreamStore {
  const { method, folder, maxBytes } = readKvSettings(config, {
    defaultFolder: KV_FOLDER,
    worker: 'iii-stream',
    extra: Object.keys(KV_EXTRA),
  })
  if (method === 'in_memory') return new KvMemory({ history, log })
  return new KvFile({ folder: resolve(projectRoot, folder), history, maxBytes, log })
}
