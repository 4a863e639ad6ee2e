// From the `adapter` block to open locks. Adapters are found by name here and nowhere else.
import { loadAdapter, type AdapterChoice, type AdapterFactories } from '../../../kit/adapters/adapter-set.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { JobLocks } from './job-locks.ts'
import { KvLocks, type KvLockSettings } from './kv.ts'
import type { LockBackend } from './lock-backend.ts'

export interface LocksContext {
  readonly clock: Clock
  readonly log: PluginLog
}

type LockFactory = (
  config: Readonly<Record<string, unknown>>,
  context: LocksContext,
) => LockBackend | Promise<LockBackend>

const openKv: LockFactory = (config, { clock }) => new KvLocks(config as KvLockSettings, clock)

const openRedis: LockFactory = async (config, { log }) => (await import('./redis.ts')).openRedisLocks(config, log)

const FACTORIES: AdapterFactories<LockFactory> = {
  kv: async () => openKv,
  redis: async () => openRedis,
}

export async function openLocks(adapter: AdapterChoice, context: LocksContext): Promise<JobLocks> {
  const open = await loadAdapter(FACTORIES, adapter)
  return new JobLocks(await open(adapter.config ?? {}, context), context)
}
