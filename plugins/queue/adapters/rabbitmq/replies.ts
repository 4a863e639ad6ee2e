// Answers of another engine to what this one has sent: they come to a queue that ends with the connection.
import { randomUUID } from 'node:crypto'
import type { Channel } from 'amqplib'
import type { Clock } from '../../../../base/time/clock.ts'
import type { RabbitConnection } from './rabbit-connection.ts'

/** How long an answer is waited for. */
export const ANSWER_MS = 10_000

interface Opened {
  readonly channel: Channel
  readonly queue: string
}

export interface Awaited {
  readonly replyTo: string
  readonly correlationId: string
  readonly answer: Promise<Buffer>
  /** The question was not sent. */
  forget(): void
}

export class Replies {
  readonly #connection: RabbitConnection
  readonly #clock: Clock
  readonly #waiting = new Map<string, (answer: Buffer | Error) => void>()
  #opening: Promise<Opened> | undefined

  constructor(connection: RabbitConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  async expect(): Promise<Awaited> {
    const { queue } = await this.#open()
    const correlationId = randomUUID()
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    promise.catch(() => {})
    const cancel = this.#clock.after(ANSWER_MS, () => end(unanswered(`there was no answer within ${ANSWER_MS} ms`)))
    const end = (answer: Buffer | Error): void => {
      if (!this.#waiting.delete(correlationId)) return
      cancel()
      if (answer instanceof Error) reject(answer)
      else resolve(answer)
    }
    this.#waiting.set(correlationId, end)
    return { replyTo: queue, correlationId, answer: promise, forget: () => end(unanswered('it was not sent')) }
  }

  #open(): Promise<Opened> {
    if (this.#opening !== undefined) return this.#opening
    const opening = this.#start()
    this.#opening = opening
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined
    }
    opening.then(({ channel }) => {
      channel.on('close', () => {
        forget()
        for (const end of [...this.#waiting.values()]) end(unanswered('the connection was lost'))
      })
    }, forget)
    return opening
  }

  async #start(): Promise<Opened> {
    const channel = await this.#connection.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true, durable: false })
    const take = (id: unknown, content: Buffer): void => this.#waiting.get(String(id))?.(content)
    await channel.consume(queue, (message) => message && take(message.properties.correlationId, message.content), {
      noAck: true,
    })
    return { channel, queue }
  }
}

function unanswered(why: string): Error {
  return new Error(
    `RabbitMQ has not said that it stored the job (${why}): it may be stored or not. Enqueue it again, with its deduplication key.`,
  )
}
