// Where locks can be: the adapters of `iii-cron`, the default first.
import { isDeepStrictEqual } from 'node:util'
import { AdapterSet, type AdapterChoice, type ChosenAdapter } from '../../../kit/adapters/adapter-set.ts'
import { DEFAULT_REDIS_URL, REDIS_OPTION } from '../../../kit/redis/redis-option.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { JobLocks } from './job-locks.ts'
import { KV_DEFAULTS, KvLocks, type KvLockSettings } from './kv.ts'
import type { LockBackend } from './lock-backend.ts'

export interface LocksContext {
  readonly clock: Clock
  readonly log: PluginLog
}

type LockFactory = (
  config: Readonly<Record<string, unknown>>,
  context: LocksContext,
) => LockBackend | Promise<LockBackend>

const NO_EFFECT = 'Accepted without effect: the locks of a process end with it.'

export const CRON_ADAPTERS = new AdapterSet<LockFactory>(
  {
    name: 'kv',
    aliases: ['local'],
    description: 'Locks of this process alone.',
    config: {
      lock_ttl_ms: {
        type: ['integer', 'null'],
        minimum: 1,
        description: `A lock that is not renewed runs out after this time. Default ${KV_DEFAULTS.lock_ttl_ms}.`,
      },
      lock_index: {
        type: ['string', 'null'],
        minLength: 1,
        description: `Name of the set of locks. Default ${KV_DEFAULTS.lock_index}.`,
      },
      store_method: { enum: ['in_memory', 'file_based', null], description: NO_EFFECT },
      file_path: { type: ['string', 'null'], minLength: 1, description: NO_EFFECT },
      save_interval_ms: {
        type: ['integer', 'null'],
        minimum: 100,
        maximum: 3_600_000,
        description: NO_EFFECT,
      },
    },
    load:
      () =>
      (config, { clock }) =>
        new KvLocks(config as KvLockSettings, clock),
  },
  {
    ...REDIS_OPTION,
    description: 'A Redis server: of the engines on it on which the same is bound, one fires it.',
    load: async () => {
      const { openRedisLocks } = await import('./redis.ts')
      return (config, { log }) => openRedisLocks(config, log)
    },
  },
)

export async function openLocks(chosen: ChosenAdapter, context: LocksContext): Promise<JobLocks> {
  const open = await CRON_ADAPTERS.load(chosen)
  return new JobLocks(await open(chosen.config, context), context)
}

/** Whether two choices lead to the same locks. Only what has an effect counts; absent members are the same as their defaults. */
export function isSameChoice(one: AdapterChoice, other: AdapterChoice): boolean {
  return isDeepStrictEqual(withDefaults(one), withDefaults(other))
}

function withDefaults(choice: AdapterChoice): ChosenAdapter {
  const { name, config } = CRON_ADAPTERS.chosen(choice)
  if (name === 'redis') return { name, config: { redis_url: config['redis_url'] ?? DEFAULT_REDIS_URL } }
  return {
    name,
    config: {
      lock_ttl_ms: config['lock_ttl_ms'] ?? KV_DEFAULTS.lock_ttl_ms,
      lock_index: config['lock_index'] ?? KV_DEFAULTS.lock_index,
    },
  }
}
