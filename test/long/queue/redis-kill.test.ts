// SIGKILL of one of two engines on one Redis, of Redis itself, at any moment under load: every job that was acknowledged is handled, in the order of its group.
import { expect, it, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { report } from '../network/engine-under-test.ts'

const KILLS = 50
const GROUPS = 6
/** Acknowledged jobs before the next kill. */
const LEAST_JOBS = 40
const CONCURRENCY = { plain: 16, ordered: 8 }

interface Job {
  readonly n: number
  readonly g?: number
}

/** One of the two engines, with the clients that are connected to it. */
class Side {
  readonly #folder: EngineFolder
  readonly #handle: (job: Job) => null
  #engine: EngineProcess | undefined
  #client: LoadClient | undefined
  #worker: LoadClient | undefined

  constructor(folder: EngineFolder, handle: (job: Job) => null) {
    this.#folder = folder
    this.#handle = handle
  }

  get isUp(): boolean {
    return this.#client !== undefined
  }

  async start(): Promise<void> {
    this.#engine = await this.#folder.start({ args: ['--no-watch'] })
    this.#worker = await LoadClient.connect(this.#folder.url, 'worker')
    await this.#worker.register('work', this.#handle)
    this.#client = await LoadClient.connect(this.#folder.url, 'publisher')
  }

  async kill(): Promise<void> {
    const clients = [this.#client, this.#worker]
    this.#client = undefined
    await this.#engine!.kill()
    await Promise.all(clients.map((client) => client?.close()))
  }

  async stop(): Promise<number | null> {
    return this.#engine!.stop()
  }

  /** Whether it was acknowledged. */
  enqueue(job: Job): Promise<boolean> {
    const client = this.#client
    if (client === undefined) return Promise.resolve(false)
    const queue = job.g === undefined ? 'plain' : 'ordered'
    const input = { queue, function_id: 'work', data: job, messageReceiptId: `${job.n}` }
    return new Promise((resolve) => {
      client.request('engine::queue::enqueue', JSON.stringify(input), ({ error }) => resolve(error === undefined))
    })
  }
}

it.skipIf(lacks('redis-server'))(
  `${KILLS} times, no acknowledged job is lost and no group leaves its order (needs redis-server)`,
  async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const acknowledged = new Set<number>()
    const handled = new Map<number, number>()
    const byGroup = new Map<number, number[]>()
    const handle = ({ n, g }: Job): null => {
      handled.set(n, (handled.get(n) ?? 0) + 1)
      if (g !== undefined) byGroup.set(g, [...(byGroup.get(g) ?? []), n])
      return null
    }
    const queues =
      `plain: { concurrency: ${CONCURRENCY.plain}, max_retries: 1000, backoff_ms: 1 }, ` +
      `ordered: { type: fifo, message_group_field: g, concurrency: ${CONCURRENCY.ordered}, max_retries: 1000, backoff_ms: 1 }`
    const adapter = `{ name: redis, config: { redis_url: "${redis.url}", lease_ms: 1000 } }`
    const sides: Side[] = []
    for (let index = 0; index < 2; index++) {
      const folder = await engineFolder(
        `  - name: iii-queue\n    config: { queue_configs: { ${queues} }, adapter: ${adapter} }\n`,
      )
      onTestFinished(() => folder.remove())
      const side = new Side(folder, handle)
      await side.start()
      sides.push(side)
    }
    let next = 0
    const load = new AbortController()
    // A job of a group is sent when the one before it is acknowledged or refused, so that their numbers are their order.
    const publish = async (group: number | undefined): Promise<void> => {
      while (!load.signal.aborted) {
        const job: Job = group === undefined ? { n: next++ } : { n: next++, g: group }
        const side = sides[job.n % 2]!.isUp ? sides[job.n % 2]! : sides[(job.n + 1) % 2]!
        if (await side.enqueue(job)) acknowledged.add(job.n)
        else await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const groups = Array.from({ length: GROUPS }, (_, group) => group)
    const publishers = [...groups, ...groups.map(() => undefined)].map((group) => publish(group))
    const kills = { engine: 0, redis: 0 }
    for (let kill = 0; kill < KILLS; kill++) {
      const goal = acknowledged.size + LEAST_JOBS + ((kill * 37) % LEAST_JOBS)
      await expect.poll(() => acknowledged.size, { timeout: 30_000, interval: 5 }).toBeGreaterThan(goal)
      if (kill % 5 === 4) {
        kills.redis++
        await redis.restart()
        continue
      }
      kills.engine++
      const side = sides[kill % 2]!
      await side.kill()
      await side.start()
    }
    load.abort()
    await within(30_000, 'the end of all calls', Promise.all(publishers))
    const missing = () => [...acknowledged].filter((n) => !handled.has(n)).length
    await expect.poll(missing, { timeout: 30_000 }).toBe(0)
    for (const side of sides) expect(await side.stop()).toBe(0)

    // What comes again comes in its place: after those before it, with those after it.
    for (const numbers of byGroup.values()) {
      for (let at = 1; at < numbers.length; at++) expect(numbers[at]).toBeGreaterThanOrEqual(numbers[at - 1]!)
    }
    const twice = [...handled.values()].reduce((sum, count) => sum + count - 1, 0)
    report(
      `${kills.engine} kills of engines, ${kills.redis} of Redis: ${acknowledged.size} acknowledged jobs handled, ${twice} deliveries were repeated`,
    )
    expect(twice).toBeLessThanOrEqual(KILLS * (CONCURRENCY.plain + CONCURRENCY.ordered))
  },
  300_000,
)
