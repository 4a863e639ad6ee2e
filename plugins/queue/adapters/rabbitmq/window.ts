// How many jobs the broker hands over without an acknowledgement: as many consumers of one channel as it takes, each with a part of the number.
// A prefetch that holds for a whole channel could be changed in place, but brokers give that up.
import type { Channel, ConsumeMessage } from 'amqplib'

interface Part {
  readonly tag: string
  readonly size: number
}

/** What a prefetch can be; 0 would be no limit. */
const MAX_PREFETCH = 65_535

export class Window {
  readonly #channel: Channel
  readonly #queue: string
  readonly #take: (message: ConsumeMessage | null) => void
  #parts: Part[] = []
  #size = 0
  #wanted = 0
  #changing: Promise<void> | undefined

  /** @param take null: the broker has ended a consumer */
  constructor(channel: Channel, queue: string, take: (message: ConsumeMessage | null) => void) {
    this.#channel = channel
    this.#queue = queue
    this.#take = take
  }

  /** Consumers that the broker knows. */
  get parts(): number {
    return this.#parts.length
  }

  get wanted(): number {
    return this.#wanted
  }

  /** Resolves when it is so. Jobs that were handed over stay, however small it becomes. */
  resize(size: number): Promise<void> {
    this.#wanted = size
    this.#changing ??= this.#change().finally(() => (this.#changing = undefined))
    return this.#changing
  }

  async #change(): Promise<void> {
    while (this.#size !== this.#wanted) {
      if (this.#size < this.#wanted) await this.#add(Math.min(this.#wanted - this.#size, MAX_PREFETCH))
      else await this.#remove()
    }
  }

  async #add(size: number): Promise<void> {
    await this.#channel.prefetch(size)
    const { consumerTag: tag } = await this.#channel.consume(this.#queue, this.#take)
    this.#parts.push({ tag, size })
    this.#size += size
  }

  async #remove(): Promise<void> {
    const { tag, size } = this.#parts.pop()!
    this.#size -= size
    await this.#channel.cancel(tag)
  }
}
