// Two engines on one Redis: the cases of all stores that engines share.
import { describe } from 'vitest'
import { lacks } from '../../support/needs.ts'
import { sharedServer } from './redis-engines.ts'
import { twoEngineCases } from './two-engine-cases.ts'

describe.skipIf(lacks('redis-server'))('two engines (needs redis-server)', () => {
  const shared = sharedServer({ args: ['--appendfsync', 'everysec'] })

  twoEngineCases('redis', () => ({ name: 'redis', config: { redis_url: shared.server.url, lease_ms: 1_000 } }))
})
