// The adapter `redis`: locks that several engines share, so that a trigger which all of them have fires on one (spec 03 §7.4).
import { randomUUID } from 'node:crypto'
import { connectRedis, type RedisConnection, type RedisScript } from '../../../kit/redis/redis-connection.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { LockBackend, RenewOutcome, TakeOutcome } from './lock-backend.ts'

/** Fixed, like the keys: iii engines on the same Redis use them too. */
export const REDIS_LOCK_TTL_MS = 30_000
/** How far the clocks of engines may differ without one second being run by two of them. */
export const FIRED_TTL_MS = 60_000

const TAKE = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 'fired' end
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 'held' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
return 'taken'`

const RENEW = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 'lost' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return owner and 'kept' or 'retaken'`

const DELETE_OWN = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

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
    this.#take = redis.defineScript(TAKE, 2)
    this.#renew = redis.defineScript(RENEW, 1)
    this.#deleteOwn = redis.defineScript(DELETE_OWN, 1)
  }

  async take(jobId: string, second: number): Promise<TakeOutcome> {
    const keys = [lockKey(jobId), firedKey(jobId, second)]
    return (await this.#take(keys, [this.#owner, this.ttlMs, FIRED_TTL_MS])) as TakeOutcome
  }

  async renew(jobId: string): Promise<RenewOutcome> {
    return (await this.#renew([lockKey(jobId)], [this.#owner, this.ttlMs])) as RenewOutcome
  }

  async free(jobId: string): Promise<void> {
    await this.#deleteOwn([lockKey(jobId)], [this.#owner])
  }

  async forget(jobId: string, second: number): Promise<void> {
    await this.#deleteOwn([firedKey(jobId, second)], [this.#owner])
  }

  close(): Promise<void> {
    return this.#redis.close()
  }
}

function lockKey(jobId: string): string {
  return `cron_lock:${jobId}`
}

function firedKey(jobId: string, second: number): string {
  return `cron_fired:${jobId}:${second}`
}
