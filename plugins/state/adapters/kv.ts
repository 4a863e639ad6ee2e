// The adapter `kv`: on disk by default, in memory when asked for (spec 02 §7.1, §7.3).
import { resolve } from 'node:path'
import { describeValue } from '../../../kit/input-reader.ts'
import { KvFile } from './kv-file.ts'
import { KvMemory } from './kv-memory.ts'
import type { StateStore, StateStoreContext } from './store.ts'

/** `save_interval_ms` is accepted without effect: every write is saved before it is answered. */
const MEMBERS = ['store_method', 'file_path', 'save_interval_ms', 'max_file_bytes']
const DEFAULT_FOLDER = './data/state_store.db'

export function openKv({ config, projectRoot, log }: StateStoreContext): StateStore {
  const unknown = Object.keys(config).filter((member) => !MEMBERS.includes(member))
  if (unknown.length > 0) {
    throw new Error(
      `Unknown member of adapter.config: ${unknown.join(', ')}. The adapter kv knows ${MEMBERS.join(', ')}.`,
    )
  }
  const method = config['store_method'] ?? 'file_based'
  switch (method) {
    case 'in_memory':
      return new KvMemory()
    case 'file_based':
      return new KvFile({ folder: resolve(projectRoot, folderOf(config)), maxBytes: sizeLimitOf(config), log })
    default:
      throw new Error(`adapter.config.store_method must be file_based or in_memory, got ${describeValue(method)}.`)
  }
}

function folderOf(config: StateStoreContext['config']): string {
  const path = config['file_path'] ?? DEFAULT_FOLDER
  if (typeof path === 'string' && path !== '') return path
  throw new Error(`adapter.config.file_path must be the path of a folder, got ${describeValue(path)}.`)
}

function sizeLimitOf(config: StateStoreContext['config']): number | undefined {
  const bytes = config['max_file_bytes'] ?? undefined
  if (bytes === undefined) return undefined
  if (typeof bytes === 'number' && Number.isInteger(bytes) && bytes > 0) return bytes
  throw new Error(`adapter.config.max_file_bytes must be a positive integer, got ${describeValue(bytes)}.`)
}
