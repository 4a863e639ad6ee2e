// The adapter `redis`: locks that several engines share, so that a trigger which all of them have fires on one (spec 03 §7.4). Each is
// taken under two keys at once: the id of the trigger, as iii engines do it, and the name of what is bound.
import { randomUUID } from 'node:crypto'
import { connectRedis, type RedisConnection, type RedisScript } from '../../../kit/redis/redis-connection.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { LockBackend, LockedJob, RenewOutcome, TakeOutcome } from './lock-backend.ts'

/** Fixed, like the keys: iii engines on the same Redis use them too. */
export const REDIS_LOCK_TTL_MS = 30_000
/** How far the clocks of engines may differ without one second being run by two of them. */
export const FIRED_TTL_MS = 60_000

/** KEYS: both locks, both marks. ARGV: owner, time of the locks, time of the marks. */
const TAKE = `
if redis.call('EXISTS', KEYS[3], KEYS[4]) > 0 then return 'fired' end
for i = 1, 2 do
  local owner = redis.call('GET', KEYS[i])
  if owner and owner ~= ARGV[1] then return 'held' end
end
for i = 1, 2 do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
  redis.call('SET', KEYS[i + 2], ARGV[1], 'PX', ARGV[3])
end
return 'taken'`

const RENEW = `
local outcome = 'kept'
for i = 1, 2 do
  local owner = redis.call('GET', KEYS[i])
  if owner and owner ~= ARGV[1] then return 'lost' end
  if not owner then outcome = 'retaken' end
end
for i = 1, 2 do redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2]) end
return outcome`

const DELETE_OWN = `
for i = 1, 2 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end`

export interface RedisLockOptions {
  /** Shorter in tests. Default 30,000. */
  readonly ttlMs?: number
}

/** Rejects when the server can't be reached; later it may go and come back. */
export async function openRedisLocks(
  config: Readonly<Record<string, unknown>>,
  log: PluginLog,
  options: RedisLockOptions = {},
): Promise<LockBackend> {
  return new RedisLocks(await connectRedis({ ...redisSettings(config, 'iii-cron'), log }), options)
}

class RedisLocks implements LockBackend {
  readonly name = 'redis'
  readonly ttlMs: number
  readonly #redis: RedisConnection
  readonly #owner = randomUUID()
  readonly #take: RedisScript
  readonly #renew: RedisScript
  readonly #deleteOwn: RedisScript

  constructor(redis: RedisConnection, { ttlMs = REDIS_LOCK_TTL_MS }: RedisLockOptions) {
    this.ttlMs = ttlMs
    this.#redis = redis
    this.#take = redis.defineScript(TAKE, 4)
    this.#renew = redis.defineScript(RENEW, 2)
    this.#deleteOwn = redis.defineScript(DELETE_OWN, 2)
  }

  async take(job: LockedJob, second: number): Promise<TakeOutcome> {
    const keys = [...lockKeys(job), ...firedKeys(job, second)]
    return (await this.#take(keys, [this.#owner, this.ttlMs, FIRED_TTL_MS])) as TakeOutcome
  }

  async renew(job: LockedJob): Promise<RenewOutcome> {
    return (await this.#renew(lockKeys(job), [this.#owner, this.ttlMs])) as RenewOutcome
  }

  async free(job: LockedJob): Promise<void> {
    await this.#deleteOwn(lockKeys(job), [this.#owner])
  }

  async forget(job: LockedJob, second: number): Promise<void> {
    await this.#deleteOwn(firedKeys(job, second), [this.#owner])
  }

  close(): Promise<void> {
    return this.#redis.close()
  }
}

function lockKeys({ id, name }: LockedJob): string[] {
  return [`cron_lock:${id}`, `cron_lock:equal:${name}`]
}

function firedKeys({ id, name }: LockedJob, second: number): string[] {
  return [`cron_fired:${id}:${second}`, `cron_fired:equal:${name}:${second}`]
}
