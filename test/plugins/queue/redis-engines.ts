// Backends on one Redis server, as the engines that share it have them.
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { BackendState } from '../../../plugins/queue/adapters/backend.ts'
import { QueueServer } from '../../../plugins/queue/adapters/redis/queue-server.ts'
import { RedisBackend, type RedisBackendOptions } from '../../../plugins/queue/adapters/redis/redis-backend.ts'
import { connectRedis, type RedisConnection } from '../../../kit/redis/redis-connection.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.ts'

export interface RedisEngine {
  readonly backend: RedisBackend
  readonly redis: RedisConnection
  readonly log: ReturnType<typeof collectingLog>
  readonly states: Collector<BackendState>
  /** Its connection is gone for good, as with SIGKILL: it says nothing to the server any more. */
  kill(): Promise<void>
}

/** One server for the tests of a file. */
export function sharedServer(options?: RedisServerOptions): { readonly server: RedisServer } {
  let server: RedisServer | undefined
  beforeAll(async () => {
    server = await startRedis(options)
  })
  afterAll(() => server?.stop())
  return {
    get server() {
      if (server === undefined) throw new Error('the server was not started')
      return server
    },
  }
}

/** @param returns when the engine takes note that the connection is there again; at once by default */
export async function redisEngine(
  url: string,
  options: Partial<RedisBackendOptions> = {},
  returns: Promise<void> = Promise.resolve(),
): Promise<RedisEngine> {
  const log = collectingLog()
  const states = new Collector<BackendState>()
  const told: { backend?: RedisBackend } = {}
  const redis = await connectRedis({
    url,
    setting: 'adapter.config.redis_url of iii-queue',
    log,
    maxReconnectMs: 100,
    onChange(connected) {
      if (connected) void returns.then(() => told.backend?.connectionChanged(true))
      else told.backend?.connectionChanged(false)
    },
  })
  const backend = new RedisBackend({
    server: await QueueServer.open(redis),
    log,
    leaseMs: 10_000,
    sharesChannels: false,
    onStateChange: states.add,
    ...options,
  })
  told.backend = backend
  await backend.open()
  onTestFinished(() => backend.close(100))
  return { backend, redis, log, states, kill: () => redis.close() }
}
