import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { connectRedis } from '../../../kit/redis/redis-connection.ts'
import { RedisStreams } from '../../../plugins/stream/adapters/redis.ts'
import type { HistoryLimits } from '../../../plugins/stream/adapters/store.ts'
import { HISTORY_DEFAULTS } from '../../../plugins/stream/config.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { streamAdapterCases, type OpenedStream } from './adapter-cases.ts'
import { customCases } from './custom-cases.ts'
import { functionCases } from './function-cases.ts'
import { runStreamPlugin } from './run-plugin.ts'
import type { StreamRun } from './stream-run.ts'

let server: RedisServer

describe.skipIf(lacks('redis-server'))('needs redis-server', () => {
  beforeAll(async () => {
    server = await startRedis({ args: ['--appendonly', 'no'] })
  })
  afterAll(() => server?.stop())

  streamAdapterCases(
    'redis',
    async (history = HISTORY_DEFAULTS) => {
      const client = server.client()
      await client.flushall()
      client.disconnect()
      return open(history)
    },
    { ordered: false },
  )

  const plugin = async (): Promise<StreamRun> => {
    const adapter = { name: 'redis', config: { redis_url: server.url } }
    const run = await runStreamPlugin(tempFolder(), { adapter })
    onTestFinished(() => run.stop())
    return run
  }
  functionCases('stream plugin on redis', plugin)
  customCases('stream plugin on redis', plugin)
})

async function open(history: HistoryLimits): Promise<OpenedStream> {
  const log = collectingLog()
  const store = new RedisStreams({
    redis: await connectRedis({ url: server.url, setting: 'redis_url', log }),
    history,
    log,
  })
  onTestFinished(() => store.close())
  await store.open()
  const reopen = async (): Promise<OpenedStream> => {
    await store.close()
    return open(history)
  }
  return { store, reopen }
}
