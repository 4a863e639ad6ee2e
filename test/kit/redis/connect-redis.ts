// A server and connections to it, ended with the test.
import { onTestFinished } from 'vitest'
import { connectRedis, type RedisOptions } from '../../../kit/redis/redis-connection.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.ts'

export const SETTING = 'adapter.config.redis_url of iii-test'

export async function server(options?: RedisServerOptions): Promise<RedisServer> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

export async function connect(url: string, more: Partial<RedisOptions> = {}) {
  const log = collectingLog()
  const redis = await connectRedis({ url, setting: SETTING, log, ...more })
  onTestFinished(() => redis.close())
  return { redis, log }
}
