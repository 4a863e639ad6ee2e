// Opens the adapter `builtin`: on disk by default, in memory when asked for (spec 03 §6.1).
import { resolve } from 'node:path'
import { readKvSettings } from '../../../../kit/adapters/kv-settings.ts'
import type { BackendContext } from '../backend.ts'
import { BuiltinBackend } from './builtin-backend.ts'
import { openJobFile, openJobMemory } from './job-database.ts'

export const QUEUE_FOLDER = './data/queue'

/** Accepted as in iii: topics have these as their defaults (`config.ts`), or nothing has them. */
export const BUILTIN_MEMBERS = ['max_attempts', 'backoff_ms', 'concurrency', 'poll_interval_ms', 'mode', 'channel_size']

export function openBuiltin({ config, projectRoot, log, clock, random }: BackendContext): BuiltinBackend {
  const settings = { defaultFolder: QUEUE_FOLDER, worker: 'iii-queue', extra: BUILTIN_MEMBERS }
  const { method, folder, maxBytes } = readKvSettings(config, settings)
  if (method === 'in_memory') {
    log.warn('Queues are kept in memory: their jobs are lost when the plugin is replaced or the engine ends.')
    return new BuiltinBackend({ store: openJobMemory({ maxBytes, log }), log, clock, random })
  }
  const store = openJobFile({ folder: resolve(projectRoot, folder), maxBytes, log })
  return new BuiltinBackend({ store, log, clock, random })
}
