// Engines' stores of streams on one Redis, and listeners that write down what they hear.
import { onTestFinished } from 'vitest'
import { connectRedis } from '../../../kit/redis/redis-connection.ts'
import { RedisStreams, type RedisStreamsOptions } from '../../../plugins/stream/adapters/redis.ts'
import type { StreamEvent } from '../../../plugins/stream/event.ts'
import { HISTORY_DEFAULTS } from '../../../plugins/stream/config.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'

export async function redisServer(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  return server
}

export interface Engine {
  readonly store: RedisStreams
  /** Everything the feed has told. */
  readonly heard: Collector<StreamEvent>
  /** One entry, how many events had been heard by then, for each time events were lost. */
  readonly lost: Collector<number>
  readonly log: ReturnType<typeof collectingLog>
}

export async function openEngine(server: RedisServer, options: Partial<RedisStreamsOptions> = {}): Promise<Engine> {
  const log = collectingLog()
  const redis = await connectRedis({ url: server.url, setting: 'redis_url', log, maxReconnectMs: 50 })
  const store = new RedisStreams({ redis, history: HISTORY_DEFAULTS, log, ...options })
  onTestFinished(() => store.close())
  await store.open()
  const [heard, lost] = [new Collector<StreamEvent>(), new Collector<number>()]
  store.feed.listen({ event: heard.add, lost: () => lost.add(heard.items.length) })
  return { store, heard, lost, log }
}

export const offsetsOf = (events: readonly StreamEvent[]): (number | undefined)[] =>
  events.map(({ position }) => position?.offset)

/** `from` up to `to`, both included. */
export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
