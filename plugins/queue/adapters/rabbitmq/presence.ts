// Which engines have somebody bound to a subscription: each of them consumes a queue in which nothing is ever stored, and the broker counts its
// consumers. Lost with the connection, an engine enters again by itself.
import type { Channel } from 'amqplib'
import { BackOff } from '../../../../base/time/back-off.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import { closeQuietly, type RabbitConnection } from './rabbit-connection.ts'
import { probe } from './topology.ts'

export interface PresenceDeps {
  readonly connection: RabbitConnection
  readonly clock: Clock
}

const REOPEN = { firstMs: 50, longestMs: 5_000, spread: [0.5, 1] } as const

interface Entered {
  readonly queue: string
  /** Undefined: not on the channel at hand. */
  tag: string | undefined
  /** What else has to be there when it is entered again. */
  readonly again: () => Promise<void>
}

export class Presence {
  readonly #deps: PresenceDeps
  readonly #backOff = new BackOff(REOPEN)
  readonly #entered = new Map<string, Entered>()
  #opening: Promise<Channel> | undefined

  constructor(deps: PresenceDeps) {
    this.#deps = deps
  }

  async enter(queue: string, again: () => Promise<void>): Promise<void> {
    if (this.#entered.has(queue)) return
    const entry: Entered = { queue, tag: undefined, again }
    this.#entered.set(queue, entry)
    try {
      await this.#consume(entry)
    } catch (error) {
      this.#entered.delete(queue)
      throw error
    }
  }

  async leave(queue: string): Promise<void> {
    const entry = this.#entered.get(queue)
    if (!this.#entered.delete(queue) || entry?.tag === undefined) return
    const channel = await this.#opening?.catch(() => undefined)
    // Without a channel it has left already.
    await channel?.cancel(entry.tag).catch(() => {})
  }

  /** Whether other engines have somebody bound, too. */
  async hasOthers(queue: string): Promise<boolean> {
    const consumers = (await probe(this.#deps.connection, queue))?.consumers ?? 0
    return consumers > (this.#entered.get(queue)?.tag === undefined ? 0 : 1)
  }

  /** The broker deletes the queue when its last consumer has gone. */
  async #consume(entry: Entered): Promise<void> {
    const channel = await this.#channel()
    await channel.assertQueue(entry.queue, { durable: true, autoDelete: true })
    const { consumerTag } = await channel.consume(entry.queue, (message) => message !== null && channel.ack(message))
    entry.tag = consumerTag
  }

  #channel(): Promise<Channel> {
    const opening = (this.#opening ??= this.#deps.connection.channel())
    opening.then(
      (channel) => {
        if (channel.listenerCount('close') === 0) channel.on('close', () => this.#lost(opening))
      },
      () => this.#forget(opening),
    )
    return opening
  }

  #forget(opening: Promise<Channel>): boolean {
    if (this.#opening !== opening) return false
    this.#opening = undefined
    for (const entry of this.#entered.values()) entry.tag = undefined
    return true
  }

  #lost(opening: Promise<Channel>): void {
    if (this.#forget(opening)) this.#later()
  }

  #later(): void {
    if (this.#entered.size === 0 || this.#deps.connection.isClosed) return
    this.#deps.clock.after(this.#backOff.failed(), () => void this.#enterAgain())
  }

  async #enterAgain(): Promise<void> {
    try {
      for (const entry of this.#entered.values()) {
        if (entry.tag !== undefined) continue
        await entry.again()
        await this.#consume(entry)
      }
      this.#backOff.succeeded()
    } catch {
      const channel = await this.#opening?.catch(() => undefined)
      if (channel === undefined) this.#later()
      else await closeQuietly(channel)
    }
  }
}
