// What was published to a topic while it had no queue: kept in one of ours, and given to the first that subscribes.
import { copyOf } from './job-message.ts'
import { backlogQueue, toQueue, type Address } from './names.ts'
import type { OutgoingMessage, Publisher } from './publisher.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { probe } from './topology.ts'

export class TopicBacklog {
  readonly #connection: RabbitConnection
  readonly #publisher: Publisher
  /** Topics that this engine has stored something for; the broker lists no queues. */
  readonly #topics = new Set<string>()

  constructor(connection: RabbitConnection, publisher: Publisher) {
    this.#connection = connection
    this.#publisher = publisher
  }

  get topics(): Iterable<string> {
    return this.#topics
  }

  async count(topic: string): Promise<number> {
    return (await probe(this.#connection, backlogQueue(topic)))?.messages ?? 0
  }

  async add(topic: string, message: OutgoingMessage): Promise<void> {
    const queue = backlogQueue(topic)
    await this.#connection.borrow((channel) => channel.assertQueue(queue, { durable: true }))
    if (!(await this.#publisher.publish(toQueue(queue), message))) {
      throw new Error(
        `The queue ${queue} of RabbitMQ was deleted while a message was stored in it. Nothing was stored.`,
      )
    }
    this.#topics.add(topic)
  }

  /** Stored there before it leaves here: after a crash between the two a message is in both. */
  async moveTo(topic: string, to: Address): Promise<void> {
    const queue = backlogQueue(topic)
    const waiting = await probe(this.#connection, queue)
    if (waiting === undefined) return
    await this.#connection.borrow(async (channel) => {
      for (;;) {
        const message = await channel.get(queue)
        if (message === false) break
        if (!(await this.#publisher.publish(to, copyOf(message)))) return
        channel.ack(message)
      }
      this.#topics.delete(topic)
      await channel.deleteQueue(queue, { ifEmpty: true, ifUnused: true })
    })
  }
}
