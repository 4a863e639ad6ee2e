// Stores messages: each is published with a confirm, and counts as stored when the broker says that it is safe in a queue.
import type { ConfirmChannel, Message, Options } from 'amqplib'
import { CodedError } from '../../../../protocol/errors.ts'
import type { RabbitLimits } from './limits.ts'
import type { Address } from './names.ts'
import type { RabbitConnection } from './rabbit-connection.ts'

export interface OutgoingMessage {
  readonly content: Buffer
  readonly options: Options.Publish
}

interface Pending {
  readonly key: string
  isReturned: boolean
}

export class Publisher {
  readonly #connection: RabbitConnection
  readonly #limits: RabbitLimits
  /** By the address and the id: what the broker gives back names no publish. */
  readonly #pending = new Map<string, Pending[]>()
  readonly #listening = new WeakSet<ConfirmChannel>()
  #messages = 0
  #bytes = 0

  constructor(connection: RabbitConnection, limits: RabbitLimits) {
    this.#connection = connection
    this.#limits = limits
  }

  /**
   * Resolves when it is stored: true; false where no queue takes it, and then nothing is stored. Rejects with `plugin_unavailable` or `overloaded`
   * where nothing was tried, and with an error that says so where the connection broke before the answer.
   */
  async publish(to: Address, { content, options }: OutgoingMessage): Promise<boolean> {
    if (
      this.#messages >= this.#limits.maxUnconfirmed ||
      this.#bytes + content.length > this.#limits.maxUnconfirmedBytes
    ) {
      throw new CodedError(
        'overloaded',
        `${this.#messages} messages of ${this.#bytes} bytes wait for RabbitMQ already. Nothing was stored; try again.`,
      )
    }
    this.#messages++
    this.#bytes += content.length
    try {
      const channel = await this.#connection.publishing()
      this.#listen(channel)
      return await this.#send(channel, to, { content, options })
    } finally {
      this.#messages--
      this.#bytes -= content.length
    }
  }

  #send(channel: ConfirmChannel, to: Address, { content, options }: OutgoingMessage): Promise<boolean> {
    const pending: Pending = { key: keyOf(to.exchange, to.routingKey, options.messageId), isReturned: false }
    return new Promise((resolve, reject) => {
      const answered = (error: unknown): void => {
        this.#forget(pending)
        if (error === null || error === undefined) resolve(!pending.isReturned)
        else reject(unconfirmed(error))
      }
      this.#remember(pending)
      try {
        channel.publish(
          to.exchange,
          to.routingKey,
          content,
          { ...options, mandatory: true, persistent: true },
          answered,
        )
      } catch (error) {
        this.#forget(pending)
        reject(refused(error))
      }
    })
  }

  #listen(channel: ConfirmChannel): void {
    if (this.#listening.has(channel)) return
    this.#listening.add(channel)
    // It comes before the confirm of the same message.
    channel.on('return', ({ fields, properties }: Message) => {
      const { exchange, routingKey } = fields
      const list = this.#pending.get(keyOf(exchange, routingKey, properties.messageId as string | undefined))
      const first = list?.find((pending) => !pending.isReturned)
      if (first !== undefined) first.isReturned = true
    })
  }

  #remember(pending: Pending): void {
    const list = this.#pending.get(pending.key)
    if (list === undefined) this.#pending.set(pending.key, [pending])
    else list.push(pending)
  }

  #forget(pending: Pending): void {
    const list = this.#pending.get(pending.key)
    if (list === undefined) return
    const at = list.indexOf(pending)
    if (at !== -1) list.splice(at, 1)
    if (list.length === 0) this.#pending.delete(pending.key)
  }
}

function keyOf(exchange: string, routingKey: string, id: string | undefined): string {
  return JSON.stringify([exchange, routingKey, id ?? ''])
}

function unconfirmed(error: unknown): Error {
  return new Error(
    `RabbitMQ has not said that it stored the message (${(error as Error).message}): it may be stored or not. Enqueue it again where running it twice does no harm.`,
    { cause: error },
  )
}

function refused(error: unknown): Error {
  if (!(error instanceof RangeError)) {
    const reason = (error as Error).message
    return new CodedError('plugin_unavailable', `RabbitMQ can't be reached at present: ${reason}. Nothing was stored.`)
  }
  return new CodedError(
    'unsupported',
    `The job has more in its headers than RabbitMQ takes: ${error.message}. Nothing was stored. Shorten its deduplication key, group or baggage.`,
  )
}
