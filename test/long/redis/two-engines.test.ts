// Two engines on one Redis: state is visible on both, stream events and published ones cross, a cron job runs once per tick.
import { randomUUID } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { engineFolder, STREAM_PORT, type EngineProcess } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import type { StreamFrame } from '../../support/stream-frame.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'

const TICKS = 6

interface Side {
  readonly client: LoadClient
  readonly engine: EngineProcess
  readonly streamUrl: string
}

async function side(redisUrl: string, name: string): Promise<Side> {
  const adapter = `adapter: { name: redis, config: { redis_url: "${redisUrl}" } }`
  const entries = [
    `  - { name: iii-state, config: { ${adapter} } }`,
    `  - { name: iii-stream, config: { port: ${STREAM_PORT}, ${adapter} } }`,
    `  - { name: iii-cron, config: { ${adapter} } }`,
    `  - { name: iii-pubsub, config: { ${adapter} } }`,
  ]
  const folder = await engineFolder(`${entries.join('\n')}\n`)
  onTestFinished(() => folder.remove())
  const engine = await folder.start({ args: ['--no-watch'] })
  const client = await LoadClient.connect(folder.url, name)
  return { client, engine, streamUrl: `${folder.streamUrl}/stream` }
}

async function pair(): Promise<readonly [Side, Side]> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  return Promise.all([side(redis.url, 'one'), side(redis.url, 'two')])
}

it.skipIf(lacks('redis-server'))(
  'state and stream items written on one engine are there on the other (needs redis-server)',
  async () => {
    const [one, two] = await pair()
    await one.client.result('state::set', { scope: 's', key: 'k', value: { a: 1 } })
    expect(await two.client.result('state::get', { scope: 's', key: 'k' })).toEqual({ a: 1 })
    const ops = [{ type: 'increment', path: 'a', by: 1 }]
    const both = [one, two].flatMap(({ client }) => Array.from({ length: 100 }, () => client))
    await Promise.all(both.map((client) => client.result('state::update', { scope: 's', key: 'k', ops })))
    expect(await two.client.result('state::get', { scope: 's', key: 'k' })).toEqual({ a: 201 })
    const item = { stream_name: 'board', group_id: 'g', item_id: 'i' }
    await two.client.result('stream::set', { ...item, data: [1] })
    expect(await one.client.result('stream::get', item)).toEqual([1])
    for (const { engine } of [one, two]) expect(await engine.stop()).toBe(0)
  },
)

it.skipIf(lacks('redis-server'))(
  'stream events of one engine reach the subscribers of the other, who may change over (needs redis-server)',
  async () => {
    const [one, two] = await pair()
    const seen: number[] = []
    const onEvent = ({ event }: StreamFrame): void => void seen.push(event.data.n)
    const first = new StreamSubscriber(`${two.streamUrl}/board/g`, { onEvent })
    onTestFinished(() => first.close())
    await first.joined()
    const write = (n: number, on: Side): Promise<unknown> =>
      on.client.result('stream::set', { stream_name: 'board', group_id: 'g', item_id: 'i', data: { n } })
    for (let n = 1; n <= 20; n++) await write(n, n % 2 === 0 ? one : two)
    await first.until(() => seen.length === 20, 'the events of both engines')
    first.close()
    for (let n = 21; n <= 30; n++) await write(n, one)
    // The same position, at the other engine.
    const second = new StreamSubscriber(`${one.streamUrl}/board/g?position=${first.position}`, { onEvent })
    onTestFinished(() => second.close())
    await second.until(() => seen.length === 30, 'what was missed in between')
    expect(second.resumes).toEqual([true])
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
    for (const { engine } of [one, two]) expect(await engine.stop()).toBe(0)
  },
)

it.skipIf(lacks('redis-server'))(
  'what is published on one engine reaches the subscribers of both, once each (needs redis-server)',
  async () => {
    const [one, two] = await pair()
    const heard = await Promise.all(
      [one, two].map(async ({ client }, index) => {
        const events = new Collector<unknown>()
        await client.register(`test::heard-${index}`, (data) => events.add(data))
        // Answered when the worker has accepted it, and Redis with it: what another engine publishes then arrives.
        const trigger = { trigger_type: 'subscribe', function_id: `test::heard-${index}`, config: { topic: 'orders' } }
        await client.result('engine::register_trigger', trigger)
        return events
      }),
    )
    // The same function on both: replicas, each at another engine.
    const shared = new Collector<{ n: number }>()
    for (const { client } of [one, two]) {
      await client.register('test::shared', (data) => shared.add(data))
      const trigger = { trigger_type: 'subscribe', function_id: 'test::shared', config: { topic: 'orders' } }
      await client.result('engine::register_trigger', trigger)
    }
    await one.client.result('publish', { topic: 'orders', data: { n: 1 } })
    await two.client.result('publish', { topic: 'orders', data: { n: 2 } })
    for (const events of heard) expect(await events.take(2)).toEqual([{ n: 1 }, { n: 2 }])
    for (const { engine } of [one, two]) expect(await engine.stop()).toBe(0)
    for (const events of heard) expect(events.items).toHaveLength(2)
    expect(shared.items.map(({ n }) => n).sort()).toEqual([1, 2])
  },
)

it.skipIf(lacks('redis-server'))(
  'a cron trigger that is bound on both engines runs once per tick (needs redis-server)',
  async () => {
    const [one, two] = await pair()
    const ticks = new Collector<string>()
    await Promise.all(
      [one, two].map(async ({ client }) => {
        await client.register('test::tick', ({ scheduled_time }) => ticks.add(scheduled_time))
        const trigger = { id: randomUUID(), trigger_type: 'cron', function_id: 'test::tick' }
        client.send({ type: 'registertrigger', ...trigger, config: { expression: '* * * * * *' } })
      }),
    )
    const seen = await ticks.take(TICKS, 20_000)
    expect(new Set(seen).size).toBe(TICKS)
    const seconds = seen.map((time) => Date.parse(time) / 1_000)
    expect(seconds).toEqual(seconds.map((_, index) => seconds[0]! + index))
    for (const { engine } of [one, two]) expect(await engine.stop()).toBe(0)
  },
)
