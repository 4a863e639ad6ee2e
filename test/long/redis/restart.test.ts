// Redis is killed and started again under the load of an engine that keeps state and streams in it: clear errors meanwhile, no
// acknowledged write lost, subscribers go on without a gap, and nobody has to help.
import { expect, it, onTestFinished } from 'vitest'
import { engineFolder, STREAM_PORT } from '../../support/engine-process.ts'
import { within } from '../../support/deadline.ts'
import { LoadClient } from '../../support/load-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import type { StreamFrame } from '../../support/stream-frame.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'
import { report } from '../network/engine-under-test.ts'

const KILLS = 5
const LANES = 6
/** Acknowledged writes of state, and of streams, before each kill at least: each of them has a connection of its own that comes back. */
const LEAST_WRITES = 300

interface Lane {
  /** Number of the last write that was sent, and of the last one acknowledged. */
  attempted: number
  acknowledged: number
}

it.skipIf(lacks('redis-server'))(
  `Redis dies ${KILLS} times under load: nothing acknowledged is lost, and it all goes on by itself (needs redis-server)`,
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const adapter = `adapter: { name: redis, config: { redis_url: "${redis.url}" } }`
    const folder = await engineFolder(
      `  - { name: iii-state, config: { ${adapter} } }\n  - { name: iii-stream, config: { port: ${STREAM_PORT}, ${adapter} } }\n`,
    )
    onTestFinished(() => folder.remove())
    const engine = await folder.start({ args: ['--no-watch'] })
    const client = await LoadClient.connect(folder.url, 'writer')

    const seen = new Map<string, number[]>()
    const onEvent = ({ id, event }: StreamFrame): void => {
      const numbers = seen.get(id ?? '') ?? []
      numbers.push(event.data.n)
      seen.set(id ?? '', numbers)
    }
    const subscriber = new StreamSubscriber(`${folder.streamUrl}/stream/board/g`, { onEvent })
    onTestFinished(() => subscriber.close())
    await subscriber.joined()

    const states: Lane[] = Array.from({ length: LANES }, () => ({ attempted: 0, acknowledged: 0 }))
    const items: Lane[] = Array.from({ length: LANES }, () => ({ attempted: 0, acknowledged: 0 }))
    const errors = new Set<string>()
    const counts = { states: 0, items: 0 }
    let failures = 0
    const load = { stopped: false }
    const write = async (
      kind: keyof typeof counts,
      lane: Lane,
      send: (n: number) => readonly [string, object],
    ): Promise<void> => {
      while (!load.stopped) {
        const n = ++lane.attempted
        const [functionId, payload] = send(n)
        const { error } = await client.call(functionId, payload)
        if (error) {
          failures++
          errors.add(`${error.code}: ${error.message.replaceAll(/\d+/g, 'N').slice(0, 200)}`)
          // Errors come at once while Redis is away.
          await new Promise((resolve) => setTimeout(resolve, 5))
        } else {
          lane.acknowledged = n
          counts[kind]++
        }
      }
    }
    const loops = [
      ...states.map((lane, key) =>
        write('states', lane, (n) => ['state::set', { scope: 's', key: `k${key}`, value: { n } }]),
      ),
      ...items.map((lane, item) =>
        write('items', lane, (n) => [
          'stream::set',
          { stream_name: 'board', group_id: 'g', item_id: `i${item}`, data: { n } },
        ]),
      ),
    ]
    const bothWrite = async (): Promise<void> => {
      const { states: stateWrites, items: itemWrites } = counts
      const least = (): number => Math.min(counts.states - stateWrites, counts.items - itemWrites)
      await expect.poll(least, { timeout: 30_000, interval: 10 }).toBeGreaterThan(LEAST_WRITES)
    }
    for (let kill = 0; kill < KILLS; kill++) {
      await bothWrite()
      await redis.kill()
      const before = failures
      await within(
        5_000,
        'an error while Redis is away',
        until(() => failures > before),
      )
      await redis.restart()
    }
    await bothWrite()
    load.stopped = true
    await Promise.all(loops)

    const lost: string[] = []
    for (const [key, lane] of states.entries()) {
      const { n } = await client.result('state::get', { scope: 's', key: `k${key}` })
      if (n < lane.acknowledged || n > lane.attempted)
        lost.push(`k${key}: ${n} is there, ${lane.acknowledged} was acknowledged`)
    }
    const stored: number[] = []
    for (const [item, lane] of items.entries()) {
      const { n } = await client.result('stream::get', { stream_name: 'board', group_id: 'g', item_id: `i${item}` })
      if (n < lane.acknowledged || n > lane.attempted)
        lost.push(`i${item}: ${n} is there, ${lane.acknowledged} was acknowledged`)
      stored.push(n)
    }
    expect(lost).toEqual([])
    await subscriber.until(
      () => stored.every((n, item) => seen.get(`i${item}`)?.at(-1) === n),
      'the last value of every item',
    )
    for (const [item] of items.entries()) {
      const numbers = seen.get(`i${item}`) ?? []
      // Writes that were cut off may be missing; those that are told come once and in order.
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other))
    }
    for (const error of errors) expect(error).toMatch(/^(SET|STREAM_SET)_ERROR: .*Redis at/)
    expect(errors.size).toBeGreaterThan(0)
    report(
      `${KILLS} deaths of Redis: ${counts.states + counts.items} acknowledged writes held; errors seen: ${[...errors].join(' | ')}`,
    )
    await client.close()
    expect(await engine.stop()).toBe(0)
  },
  180_000,
)

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
