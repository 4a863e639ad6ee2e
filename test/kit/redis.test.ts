import { describe, expect, onTestFinished, test } from 'vitest'
import { connectRedis, type RedisOptions } from '../../kit/redis.ts'
import { collectingLog } from '../support/collecting-log.ts'
import { Collector, within } from '../support/deadline.ts'
import { redisAvailable, startRedis, type RedisServerOptions } from '../support/redis-server.ts'

const SETTING = 'adapter.config.redis_url of iii-test'

async function server(options?: RedisServerOptions) {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

async function connect(url: string, more: Partial<RedisOptions> = {}) {
  const log = collectingLog()
  const redis = await connectRedis({ url, setting: SETTING, log, ...more })
  onTestFinished(() => redis.close())
  return { redis, log }
}

describe.skipIf(!redisAvailable)('a connection to Redis (needs redis-server)', () => {
  test('sends commands and scripts, in order', async () => {
    const { redis } = await connect((await server()).url)
    expect(redis.connected).toBe(true)
    const bump = redis.defineScript("return redis.call('INCRBY', KEYS[1], ARGV[1])", 1)
    const replies = await Promise.all([
      redis.command('SET', 'n', 1),
      bump(['n'], [2]),
      redis.command('GET', 'n'),
      bump(['n'], ['3']),
      redis.commandBytes('GET', 'n'),
      redis.command('GET', 'missing'),
    ])
    expect(replies).toEqual(['OK', 3, '3', 6, Buffer.from('6'), null])
  })

  test('subscribes on a second connection', async () => {
    const { redis } = await connect((await server()).url)
    const seen = new Collector<string>()
    const end = await redis.subscribe('c', { message: seen.add, active: () => seen.add('active') })
    expect(await redis.command('PUBLISH', 'c', 'one')).toBe(1)
    expect(await seen.take(2)).toEqual(['active', 'one'])
    await end()
    expect(await redis.command('PUBLISH', 'c', 'two')).toBe(0)
  })

  test('an address where nothing listens is an error that names it and the setting', async () => {
    const gone = await server()
    await gone.kill()
    await expect(within(5_000, 'the error', connect(gone.url))).rejects.toThrow(
      `Redis at 127.0.0.1:${gone.port} (${SETTING}) is not reachable: connect ECONNREFUSED 127.0.0.1:${gone.port}. Start it, or correct the setting.`,
    )
  })
})
