// The settings of the adapter `kv`, which state and streams share: on disk by default, in memory when asked for (spec 02 §7.1).
import type { AdapterDescription } from './adapter-set.ts'
import { describeValue } from '../functions/input-reader.ts'

/** Where a store of key-value pairs is kept. */
export interface KvSettings {
  readonly method: 'in_memory' | 'file_based'
  /** As it stands in the settings: relative paths refer to the project root. */
  readonly folder: string
  /** Upper size of the store; undefined = none. */
  readonly maxBytes: number | undefined
}

/** What reading `KvSettings` needs to know. */
export interface KvSettingsContext {
  readonly defaultFolder: string
  /** Canonical name of the worker, for messages. */
  readonly worker: string
  /** Further members of the block, which the caller reads itself. */
  readonly extra?: readonly string[]
}

/** `save_interval_ms` is accepted without effect, whatever its value: every write is saved before it is answered. */
const MEMBERS = ['store_method', 'file_path', 'save_interval_ms', 'max_file_bytes']

/** The branch of an `adapter` block; `extra` = further members. */
export function kvOption(defaultFolder: string, extra: AdapterDescription['config'] = {}): AdapterDescription {
  return {
    name: 'kv',
    description: 'A store of this engine alone.',
    config: {
      store_method: {
        enum: ['file_based', 'in_memory', null],
        description: 'file_based (default), or in_memory: lost when the plugin is replaced or the engine ends.',
      },
      file_path: {
        type: ['string', 'null'],
        description: `Folder of the store, default ${defaultFolder} under the project root.`,
      },
      save_interval_ms: {
        type: ['number', 'null'],
        description: 'Accepted without effect: every write is saved before it is answered.',
      },
      max_file_bytes: {
        type: ['integer', 'null'],
        minimum: 1,
        description: 'Upper size of the store; writes beyond it fail as on a full disk. Default: none.',
      },
      ...extra,
    },
  }
}

/** Reads an `adapter.config` block. Throws an error that names worker, setting and value. */
export function readKvSettings(
  config: Readonly<Record<string, unknown>>,
  { defaultFolder, worker, extra = [] }: KvSettingsContext,
): KvSettings {
  const known = [...MEMBERS, ...extra]
  const unknown = Object.keys(config).filter((member) => !known.includes(member))
  if (unknown.length > 0) {
    throw new Error(
      `Unknown member of adapter.config of ${worker}: ${unknown.join(', ')}. The adapter kv knows ${known.join(', ')}.`,
    )
  }
  const wrong = (member: string, expected: string): never => {
    throw new Error(`adapter.config.${member} of ${worker} must be ${expected}, got ${describeValue(config[member])}.`)
  }
  const method = config['store_method'] ?? 'file_based'
  if (method !== 'in_memory' && method !== 'file_based') return wrong('store_method', 'file_based or in_memory')
  const folder = config['file_path'] ?? defaultFolder
  if (typeof folder !== 'string' || folder === '') return wrong('file_path', 'the path of a folder')
  const maxBytes = config['max_file_bytes'] ?? undefined
  if (maxBytes === undefined) return { method, folder, maxBytes }
  if (typeof maxBytes !== 'number' || !Number.isInteger(maxBytes) || maxBytes <= 0) {
    return wrong('max_file_bytes', 'a positive integer')
  }
  return { method, folder, maxBytes }
}
