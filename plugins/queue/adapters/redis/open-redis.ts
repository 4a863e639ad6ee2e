// Opens the adapter `redis` (spec 03 §6.2).
import { warnOfEviction } from '../../../../kit/redis/durability.ts'
import { connectRedis, type RedisConnection } from '../../../../kit/redis/redis-connection.ts'
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
    await refuseReplica(redis, settings.setting)
    await warnOfEviction(redis, settings.url.replace(/^.*@|^rediss?:\/\//, '').replace(/\/.*$/, ''), log)
    backend = new RedisBackend({
      server: await QueueServer.open(redis),
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

/** One that becomes a replica later is waited for: the engine connects again until it is told of one that takes writes. */
async function refuseReplica(redis: RedisConnection, setting: string): Promise<void> {
  const info = String(await redis.command('INFO', 'replication').catch(() => ''))
  if (!/^role:slave/m.test(info) || !/^slave_read_only:1/m.test(info)) return
  const primary = /^master_host:(.*?)\r?$/m.exec(info)?.[1]
  const port = /^master_port:(\d+)/m.exec(info)?.[1]
  throw new Error(
    `Redis at the URL of ${setting} is a replica of ${primary}:${port} and takes no writes (READONLY). Name the primary there.`,
  )
}
