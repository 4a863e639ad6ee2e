// SIGKILL at any moment under load, of one of two engines on one store, of a worker, of the store itself: every job that was acknowledged is handled, in the
// order of its group, and what is handled twice is counted.
import { expect, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'

const GROUPS = 6
/** Acknowledged jobs before the next kill. */
const LEAST_JOBS = 40
const CONCURRENCY = { plain: 16, ordered: 8 }

export interface SharedStore {
  /** As users say it. */
  readonly name: string
  /** The `adapter` block. */
  readonly adapter: string
  /** Kills it and starts it again with the same data. */
  restart(): Promise<void>
  /** Whether what comes again comes in its place: after those before it, with those after it. */
  readonly repeatsInOrder: boolean
}

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
    await this.#startWorker()
    this.#client = await LoadClient.connect(this.#folder.url, 'publisher')
  }

  async kill(): Promise<void> {
    const clients = [this.#client, this.#worker]
    this.#client = undefined
    await this.#engine!.kill()
    await Promise.all(clients.map((client) => client?.close()))
  }

  /** Its socket is gone in the middle of what it handles; another one comes. */
  async replaceWorker(): Promise<void> {
    this.#worker!.terminate()
    await this.#startWorker()
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

  async #startWorker(): Promise<void> {
    this.#worker = await LoadClient.connect(this.#folder.url, 'worker')
    await this.#worker.register('work', this.#handle)
  }
}

async function startSides(adapter: string, handle: (job: Job) => null): Promise<readonly Side[]> {
  const queues =
    `plain: { concurrency: ${CONCURRENCY.plain}, max_retries: 1000, backoff_ms: 1 }, ` +
    `ordered: { type: fifo, message_group_field: g, concurrency: ${CONCURRENCY.ordered}, max_retries: 1000, backoff_ms: 1 }`
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
  return sides
}

export async function killUnderLoad(store: SharedStore, kills: number): Promise<void> {
  const acknowledged = new Set<number>()
  const handled = new Map<number, number>()
  /** Jobs of each group in the order in which they were handled. */
  const byGroup = new Map<number, number[]>()
  const handle = ({ n, g }: Job): null => {
    const times = handled.get(n) ?? 0
    handled.set(n, times + 1)
    if (g !== undefined && (times === 0 || store.repeatsInOrder)) byGroup.set(g, [...(byGroup.get(g) ?? []), n])
    return null
  }
  const sides = await startSides(store.adapter, handle)
  let next = 0
  let refused = 0
  const load = new AbortController()
  // A job of a group is sent when the one before it is acknowledged or refused, so that their numbers are their order.
  const publish = async (group: number | undefined): Promise<void> => {
    while (!load.signal.aborted) {
      const job: Job = group === undefined ? { n: next++ } : { n: next++, g: group }
      const side = sides[job.n % 2]!.isUp ? sides[job.n % 2]! : sides[(job.n + 1) % 2]!
      if (await side.enqueue(job)) acknowledged.add(job.n)
      else {
        refused++
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }
  const groups = Array.from({ length: GROUPS }, (_, group) => group)
  const publishers = [...groups, ...groups.map(() => undefined)].map((group) => publish(group))
  const counts = { engines: 0, workers: 0, store: 0 }
  for (let kill = 0; kill < kills; kill++) {
    const goal = acknowledged.size + LEAST_JOBS + ((kill * 37) % LEAST_JOBS)
    await expect.poll(() => acknowledged.size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(goal)
    const side = sides[kill % 2]!
    if (kill % 5 === 4) {
      counts.store++
      await store.restart()
    } else if (kill % 5 === 2) {
      counts.workers++
      await side.replaceWorker()
    } else {
      counts.engines++
      await side.kill()
      await side.start()
    }
  }
  load.abort()
  await within(60_000, 'the end of all calls', Promise.all(publishers))
  const missing = () => [...acknowledged].filter((n) => !handled.has(n)).length
  await expect.poll(missing, { timeout: 60_000 }).toBe(0)
  for (const side of sides) expect(await side.stop()).toBe(0)

  for (const numbers of byGroup.values()) {
    for (let at = 1; at < numbers.length; at++) expect(numbers[at]).toBeGreaterThanOrEqual(numbers[at - 1]!)
  }
  const twice = [...handled.values()].reduce((sum, count) => sum + count - 1, 0)
  report(
    `${counts.engines} kills of engines, ${counts.workers} of workers, ${counts.store} of ${store.name}: ` +
      `${acknowledged.size} acknowledged jobs handled, ${refused} refused, ${twice} deliveries were repeated`,
  )
  // At most what is being delivered when something dies comes again; RabbitMQ counts slots for each engine.
  expect(twice).toBeLessThanOrEqual(kills * 2 * (CONCURRENCY.plain + CONCURRENCY.ordered))
}
