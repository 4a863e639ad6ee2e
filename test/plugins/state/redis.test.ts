import { describe, onTestFinished } from 'vitest'
import { connectRedis } from '../../../kit/redis.ts'
import { RedisState } from '../../../plugins/state/adapters/redis.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { redisAvailable, startRedis, type RedisServer } from '../../support/redis-server.ts'
import { stateAdapterCases } from './adapter-cases.ts'

async function open(server?: RedisServer) {
  const redis = server ?? (await startRedis())
  const log = collectingLog()
  const store = new RedisState(await connectRedis({ url: redis.url, setting: 'redis_url', log }), log)
  onTestFinished(async () => {
    await store.close()
    await redis.stop()
  })
  return store
}

describe.skipIf(!redisAvailable)('needs redis-server', () => {
  stateAdapterCases('redis', () => open(), { ordered: false })
})
