// SIGKILL under load of engines, workers and the server, with Redis as the store that two engines share.
import { it, onTestFinished } from 'vitest'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { killCount } from './kill-count.ts'
import { killUnderLoad } from './shared-store-kills.ts'

const KILLS = killCount(50)

it.skipIf(lacks('redis-server'))(
  `${KILLS} times, no acknowledged job is lost and no group leaves its order (needs redis-server)`,
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const adapter = `{ name: redis, config: { redis_url: "${redis.url}", lease_ms: 1000 } }`
    await killUnderLoad({ name: 'Redis', adapter, restart: () => redis.restart(), repeatsInOrder: true }, KILLS)
  },
  600_000,
)
