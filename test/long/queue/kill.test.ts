// SIGKILL of the engine and of workers, at any moment under load: every job that was acknowledged is handled, in the order of its group, and more than
// once only where it was being handled when something died.
import { expect, it, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'

const KILLS = 50
const GROUPS = 8
const PUBLISHERS = 16
const WORKERS = 3
/** Something is killed after this many acknowledged jobs and up to twice as many, another number each time. */
const LEAST_JOBS = 60
const CONFIG =
  'queue_configs: { plain: { concurrency: 32, max_retries: 100, backoff_ms: 1 }, ' +
  'ordered: { type: fifo, message_group_field: g, concurrency: 8, max_retries: 100, backoff_ms: 1 } }'

interface Job {
  readonly n: number
  readonly g?: number
}

class Ledger {
  readonly acknowledged = new Set<number>()
  readonly handled = new Map<number, number>()
  /** Jobs of each group in the order in which they were handled. */
  readonly byGroup = new Map<number, number[]>()
  #next = 0
  #waiting: (() => void)[] = []

  newJob(turn: number): Job {
    const n = this.#next++
    return turn % 2 === 0 ? { n } : { n, g: turn % GROUPS }
  }

  acknowledge({ n }: Job): void {
    this.acknowledged.add(n)
    this.#changed()
  }

  readonly handle = ({ n, g }: Job): null => {
    this.handled.set(n, (this.handled.get(n) ?? 0) + 1)
    if (g !== undefined) this.byGroup.set(g, [...(this.byGroup.get(g) ?? []), n])
    this.#changed()
    return null
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    await within(60_000, what, wait())
  }

  get missing(): number[] {
    return [...this.acknowledged].filter((n) => !this.handled.has(n))
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

it(`${KILLS} times, no acknowledged job is lost and no group leaves its order`, async () => {
  const folder = await engineFolder(`  - name: iii-queue\n    config: { ${CONFIG} }\n`)
  onTestFinished(() => folder.remove())
  const ledger = new Ledger()
  // Jobs of a group are sent one after the other, so that their numbers are their order.
  const tails = new Map<number, Promise<void>>()
  let engine = await folder.start({ args: ['--no-watch'] })
  let publisher = await LoadClient.connect(folder.url, 'publisher')
  let workers = await Promise.all(Array.from({ length: WORKERS }, (_, index) => worker(folder.url, index, ledger)))
  let publishing = publish(publisher, ledger, tails)
  let workerKills = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const goal = ledger.acknowledged.size + LEAST_JOBS + ((kill * 37) % LEAST_JOBS)
    await ledger.until(() => ledger.acknowledged.size >= goal, 'jobs before the kill')
    if (kill % 3 === 2) {
      workerKills++
      workers.shift()!.terminate()
      workers.push(await worker(folder.url, kill, ledger))
      continue
    }
    await engine.kill()
    await within(10_000, 'the end of all calls', publishing)
    await Promise.all([publisher, ...workers].map((client) => client.close()))
    engine = await folder.start({ args: ['--no-watch'] })
    workers = await Promise.all(Array.from({ length: WORKERS }, (_, index) => worker(folder.url, index, ledger)))
    publisher = await LoadClient.connect(folder.url, 'publisher')
    publishing = publish(publisher, ledger, tails)
  }
  publisher.terminate()
  await within(10_000, 'the end of all calls', publishing)
  await ledger.until(() => ledger.missing.length === 0, 'every acknowledged job')
  expect(await engine.stop()).toBe(0)

  const twice = [...ledger.handled.values()].reduce((sum, count) => sum + count - 1, 0)
  // What was sent and not acknowledged may have been stored: then it stands in its place, too.
  for (const handled of ledger.byGroup.values()) {
    for (let at = 1; at < handled.length; at++) expect(handled[at]).toBeGreaterThanOrEqual(handled[at - 1]!)
  }
  report(
    `${KILLS} kills, ${workerKills} of them of workers: ${ledger.acknowledged.size} acknowledged jobs handled, ${twice} deliveries were repeated`,
  )
  // At most what is being delivered when something dies comes again.
  expect(twice).toBeLessThanOrEqual(KILLS * (32 + 8))
}, 300_000)

async function worker(url: string, index: number, ledger: Ledger): Promise<LoadClient> {
  const client = await LoadClient.connect(url, `worker-${index}`)
  await client.register('work', ledger.handle)
  return client
}

/** Resolves when the connection has ended. */
async function publish(client: LoadClient, ledger: Ledger, tails: Map<number, Promise<void>>): Promise<void> {
  const state = { down: false }
  const send = (job: Job): Promise<void> =>
    new Promise((resolve) => {
      const queue = job.g === undefined ? 'plain' : 'ordered'
      const input = { queue, function_id: 'work', data: job, messageReceiptId: `${job.n}` }
      client.request('engine::queue::enqueue', JSON.stringify(input), ({ error }) => {
        if (error === undefined) ledger.acknowledge(job)
        else state.down = true
        resolve()
      })
    })
  const loop = async (turn: number): Promise<void> => {
    for (; !state.down; turn += PUBLISHERS) {
      const group = turn % 2 === 0 ? undefined : turn % GROUPS
      if (group === undefined) await send(ledger.newJob(turn))
      else {
        const mine = (tails.get(group) ?? Promise.resolve()).then(() =>
          state.down ? undefined : send(ledger.newJob(turn)),
        )
        tails.set(group, mine)
        await mine
      }
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, (_, index) => loop(index)))
}
