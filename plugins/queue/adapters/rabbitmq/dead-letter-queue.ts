// The dead letters of a queue on the broker, which gives them out one after the other and knows no ids: looked at by taking them without an
// acknowledgement and giving them back, each to its old place.
import type { Channel, GetMessage } from 'amqplib'
import { CodedError } from '../../../../protocol/errors.ts'
import type { DeadLetter, Job } from '../../job.ts'
import type { DeadLetterChoice, DeadLetterPage } from '../backend.ts'
import type { JobStore } from './job-store.ts'
import { giveAllBack, type RabbitConnection } from './rabbit-connection.ts'
import { probe } from './topology.ts'

/** Dead letters that are moved at a time. */
const STEP = 200
/** Dead letters that one more is compared with. */
const MAX_COMPARED = 1_000

export class DeadLetterQueue {
  readonly #connection: RabbitConnection
  readonly #store: JobStore
  readonly #maxScanned: number
  /** Who looks takes them from all others: one at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(connection: RabbitConnection, store: JobStore, maxScanned: number) {
    this.#maxScanned = maxScanned
    this.#connection = connection
    this.#store = store
  }

  count(): Promise<number> {
    return this.#inTurn(async () => (await probe(this.#connection, this.#store.names.dead))?.messages ?? 0)
  }

  list({ offset, limit, order }: DeadLetterPage): Promise<DeadLetter[]> {
    return this.#look(async (channel, count) => {
      // From the oldest on, as they stand there.
      const end = order === 'oldest' ? offset + limit : count - offset
      const start = order === 'oldest' ? offset : Math.max(0, end - limit)
      if (order === 'newest') this.#refuseLong(count, 'the newest')
      const found: DeadLetter[] = []
      await this.#each(channel, Math.min(count, end), (message, index) => {
        if (index >= start) found.push(this.#store.form.decodeDead(message))
      })
      return order === 'oldest' ? found : found.reverse()
    })
  }

  /**
   * @param isAgain the job's message has come again: after a crash between this and its acknowledgement it is there already. It is looked for among a few only; beyond
   * that it is there twice, and counts twice.
   */
  async add(job: Job, isAgain: boolean): Promise<void> {
    if (!isAgain || !(await this.#holds(job))) await this.#store.bury(job)
  }

  #holds(job: Job): Promise<boolean> {
    return this.#look(async (channel, count): Promise<number> => {
      if (count > MAX_COMPARED) return 0
      let found = 0
      await this.#each(channel, count, (message) => {
        const other = this.#store.form.decodeDead(message).job
        if (other.id === job.id && other.createdAt === job.createdAt && other.data === job.data) found++
      })
      return found
    }).then((found) => found > 0)
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    const found = await this.#look(async (channel, count) => {
      this.#refuseLong(count, 'an id')
      const letters: DeadLetter[] = []
      await this.#each(channel, count, (message) => {
        const letter = this.#store.form.decodeDead(message)
        if (letter.job.id === id) letters.push(letter)
      })
      return letters
    })
    return found[0]
  }

  redrive(which: DeadLetterChoice): Promise<number> {
    return this.#take(which, (letter) => this.#store.revive(letter))
  }

  discard(which: DeadLetterChoice): Promise<number> {
    if (which !== 'all') return this.#take(which, () => undefined)
    return this.#look(async (channel) => (await channel.purgeQueue(this.#store.names.dead)).messageCount)
  }

  #take(which: DeadLetterChoice, use: (letter: DeadLetter) => Promise<void> | undefined): Promise<number> {
    return this.#look(async (channel, count) => {
      const ids = which === 'all' ? undefined : new Set(which.ids)
      if (ids !== undefined) this.#refuseLong(count, 'an id')
      let taken = 0
      let step: { message: GetMessage; letter: DeadLetter }[] = []
      const flush = async (): Promise<void> => {
        const batch = step
        step = []
        // Stored in the queue before they leave: after a crash between the two they are in both, never in none.
        await Promise.all(batch.map(({ letter }) => use(letter)))
        for (const { message } of batch) channel.ack(message)
        taken += batch.length
      }
      // What fails again meanwhile comes behind those that were counted.
      await this.#each(channel, count, async (message) => {
        const letter = this.#store.form.decodeDead(message)
        if (ids !== undefined && !ids.has(letter.job.id)) return
        step.push({ message, letter })
        if (step.length >= STEP) await flush()
      })
      await flush()
      return taken
    })
  }

  async #each(
    channel: Channel,
    count: number,
    see: (message: GetMessage, index: number) => Promise<void> | void,
  ): Promise<void> {
    for (let index = 0; index < count; index++) {
      const message = await channel.get(this.#store.names.dead)
      if (message === false) return
      const seen = see(message, index)
      if (seen !== undefined) await seen
    }
  }

  /** What was not acknowledged is given back. */
  #look(task: (channel: Channel, count: number) => Promise<number>): Promise<number>
  #look(task: (channel: Channel, count: number) => Promise<DeadLetter[]>): Promise<DeadLetter[]>
  #look(task: (channel: Channel, count: number) => Promise<number | DeadLetter[]>): Promise<number | DeadLetter[]> {
    return this.#inTurn(async () => {
      const { messages } = (await probe(this.#connection, this.#store.names.dead)) ?? { messages: 0 }
      return this.#connection.borrow(async (channel) => {
        const result = await task(channel, messages)
        if (messages > 0) await giveAllBack(channel, this.#store.names.dead)
        return result
      })
    })
  }

  #refuseLong(count: number, sought: string): void {
    if (count <= this.#maxScanned) return
    throw new CodedError(
      'unsupported',
      `The queue ${this.#store.queue.name} has ${count} dead letters, and the adapter rabbitmq looks through ${this.#maxScanned} for ${sought} at most: list the oldest, redrive or discard all.`,
    )
  }

  #inTurn<Value>(task: () => Promise<Value>): Promise<Value> {
    const next = this.#turn.then(task, task)
    this.#turn = next.catch(() => {})
    return next
  }
}
