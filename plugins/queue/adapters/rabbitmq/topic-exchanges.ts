// The exchanges of topics, each declared once per connection before something is published: a publish to one that is not there ends its channel.
import type { RabbitConnection } from './rabbit-connection.ts'

/** Topics that are remembered; more are declared again. */
const MAX_REMEMBERED = 10_000

export class TopicExchanges {
  readonly #connection: RabbitConnection
  readonly #declared = new Set<string>()
  #generation = 0

  constructor(connection: RabbitConnection) {
    this.#connection = connection
  }

  async declare(exchange: string): Promise<void> {
    const { generation } = this.#connection
    if (this.#generation !== generation || this.#declared.size >= MAX_REMEMBERED) {
      this.#generation = generation
      this.#declared.clear()
    }
    if (this.#declared.has(exchange)) return
    await this.#connection.borrow((channel) => channel.assertExchange(exchange, 'fanout', { durable: true }))
    if (this.#connection.generation === generation) this.#declared.add(exchange)
  }
}
