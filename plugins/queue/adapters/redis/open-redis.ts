// Opens the adapter `redis` (spec 03 §6.2).
import { warnOfEviction } from '../../../../kit/redis/durability.ts'
import { connectRedis } from '../../../../kit/redis/redis-connection.ts'
import { redisSettings } from '../../../../kit/redis/redis-option.ts'
import type { BackendContext } from '../backend.ts'
import { QueueServer } from './queue-server.ts'
import { RedisBackend } from './redis-backend.ts'

/** Default of `lease_ms`. */
export const LEASE_MS = 10_000

export async function openRedis({ config, log, clock, random, onStateChange }: BackendContext): Promise<RedisBackend> {
  const settings = redisSettings(config, 'iii-queue')
  let backend: RedisBackend | undefined
  const redis = await connectRedis({
    ...settings,
    log,
    onChange: (connected) => backend?.connectionChanged(connected),
  })
  try {
    await warnOfEviction(redis, settings.url.replace(/^.*@|^rediss?:\/\//, '').replace(/\/.*$/, ''), log)
    backend = new RedisBackend({
      server: new QueueServer(redis),
      log,
      leaseMs: (config['lease_ms'] as number | null | undefined) ?? LEASE_MS,
      sharesChannels: config['iii_channels'] !== false,
      clock,
      random,
      onStateChange,
    })
    return await backend.open()
  } catch (error) {
    await redis.close()
    throw error
  }
}
