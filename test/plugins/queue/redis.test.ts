// The Redis backend: the cases of all backends.
import { afterAll, beforeAll, describe } from 'vitest'
import { openRedis } from '../../../plugins/queue/adapters/redis/open-redis.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { backendCases } from './backend-cases.ts'

describe.skipIf(lacks('redis-server'))('on Redis (needs redis-server)', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ args: ['--appendfsync', 'everysec'] })
  })
  afterAll(() => server.stop())

  backendCases('redis', () => openRedis({ config: { redis_url: server.url }, projectRoot: '/', log: collectingLog() }))
})
