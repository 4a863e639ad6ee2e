// Jobs of one queue that wait for their time on the broker: counted, and listed by taking them without an acknowledgement and giving them back. The broker keeps
// the time at which a message of such a queue is due while somebody looks at it.
import { CodedError } from '../../../../protocol/errors.ts'
import type { Job } from '../../job.ts'
import type { Page } from '../backend.ts'
import { numberIn } from './amqp-values.ts'
import { headersOf, HEADERS } from './job-message.ts'
import { DELAYS_MS, type JobStore } from './job-store.ts'
import { delayQueue, laterQueue } from './names.ts'
import { giveAllBack, type RabbitConnection } from './rabbit-connection.ts'
import { probe } from './topology.ts'

/** How long a queue that was not there is taken for not there. */
const ABSENT_MS = 10_000

export interface DelayedJobsDeps {
  readonly connection: RabbitConnection
  readonly store: JobStore
  /** Of the subscription, now and before. */
  readonly delays: () => Promise<readonly number[]>
  readonly maxScanned: number
  readonly now: () => number
}

export class DelayedJobs {
  readonly #deps: DelayedJobsDeps
  /** By queue: until when it need not be asked for. */
  readonly #absent = new Map<string, number>()

  constructor(deps: DelayedJobsDeps) {
    this.#deps = deps
  }

  async count(): Promise<number> {
    const { now, store } = this.#deps
    const made = new Set(await store.delayQueues())
    const asked = (await this.#queues()).filter((queue) => made.has(queue) || (this.#absent.get(queue) ?? 0) <= now())
    return sumOf(await this.#counts(asked))
  }

  /** @param inHand those whose time this engine waits for */
  async list({ offset, limit }: Page, inHand: readonly Job[]): Promise<Job[]> {
    const { store, maxScanned } = this.#deps
    const counts = await this.#counts(await this.#queues())
    const count = sumOf(counts)
    if (count > maxScanned) {
      throw new CodedError(
        'unsupported',
        `The queue ${store.queue.name} has ${count} delayed jobs, and the adapter rabbitmq can list them only by looking at each, which it does for ${maxScanned} at most: iii::queue::status counts them.`,
      )
    }
    const found = [...inHand]
    for (const [queue, messages] of counts) if (messages > 0) found.push(...(await this.#look(queue, messages)))
    found.sort((one, other) => timeOf(one) - timeOf(other))
    return found.slice(offset, offset + limit)
  }

  async #queues(): Promise<string[]> {
    const { names } = this.#deps.store
    const own = (await this.#deps.delays()).map((delayMs) => laterQueue(names, delayMs))
    const all = [...own, ...DELAYS_MS.map((ms) => delayQueue(names, ms))]
    return names.retry === undefined ? all : [names.retry, ...all]
  }

  async #counts(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    await Promise.all(
      queues.map(async (queue) => {
        const there = await probe(this.#deps.connection, queue)
        if (there === undefined) this.#absent.set(queue, this.#deps.now() + ABSENT_MS)
        else {
          this.#absent.delete(queue)
          counts.set(queue, there.messages)
        }
      }),
    )
    return counts
  }

  #look(queue: string, messages: number): Promise<Job[]> {
    const { connection, store } = this.#deps
    return connection.borrow(async (channel) => {
      const jobs: Job[] = []
      for (let index = 0; index < messages; index++) {
        const message = await channel.get(queue)
        if (message === false) break
        const job = store.form.decode(message)
        if (job === undefined) continue
        const retryAt = numberIn(headersOf(message), HEADERS.retryAt)
        jobs.push({ ...job, runAt: job.runAt ?? retryAt ?? job.createdAt + store.settings.delayMs })
      }
      await giveAllBack(channel, queue)
      return jobs
    })
  }
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function timeOf({ runAt, createdAt }: Job): number {
  return runAt ?? createdAt
}
