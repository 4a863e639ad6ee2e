// From the `adapter` block to open locks. Adapters are found by name here and nowhere else.
import type { AdapterChoice } from '../../../kit/adapter-choice.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Clock } from '../clock.ts'
import { JobLocks } from './job-locks.ts'
import { KvLocks, type KvLockSettings } from './kv.ts'
import type { LockBackend } from './lock-backend.ts'
import { openRedisLocks } from './redis.ts'

export interface LocksContext {
  readonly clock: Clock
  readonly log: PluginLog
}

type LockFactory = (
  config: Readonly<Record<string, unknown>>,
  context: LocksContext,
) => LockBackend | Promise<LockBackend>

const openKv: LockFactory = (config, { clock }) => new KvLocks(config as KvLockSettings, clock)

const FACTORIES: ReadonlyMap<string, LockFactory> = new Map<string, LockFactory>([
  ['kv', openKv],
  ['redis', (config, { log }) => openRedisLocks(config, log)],
])

export async function openLocks({ name, config }: AdapterChoice, context: LocksContext): Promise<JobLocks> {
  const factory = FACTORIES.get(name)
  if (factory === undefined)
    throw new Error(`Adapter factory '${name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  return new JobLocks(await factory(config ?? {}, context), context)
}
