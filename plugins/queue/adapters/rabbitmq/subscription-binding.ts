// How copies of what is published to a topic come to the queue of a subscription: straight, or, where the subscription has a delay, through a queue of the broker in
// which they wait that long. Whatever names a time of its own goes past that queue. The delay may change from one engine to the next: a note on the broker tells which
// ones there were.
import type { Channel, GetMessage } from 'amqplib'
import { uint32 } from './amqp-values.ts'
import { delaysQueue, entryExchange, laterQueue, toQueue, type QueueNames } from './names.ts'
import type { Publisher } from './publisher.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { probe } from './topology.ts'

/** Header of a message whose publisher has named a time. */
export const TIMED = 'iii-timed'

export interface SubscriptionBindingDeps {
  readonly connection: RabbitConnection
  readonly publisher: Publisher
}

export class SubscriptionBinding {
  readonly #names: QueueNames
  readonly #deps: SubscriptionBindingDeps

  constructor(names: QueueNames, deps: SubscriptionBindingDeps) {
    this.#names = names
    this.#deps = deps
  }

  /** Bound first, and only then unbound from what was: a message that is published meanwhile may come twice, and is not lost. */
  async bind(delayMs: number): Promise<void> {
    const { main, topicExchange } = this.#names
    const { connection } = this.#deps
    if (delayMs > 0) await this.#changeNote((delays) => [...delays, delayMs])
    await connection.borrow(async (channel) => {
      if (delayMs === 0) return channel.bindQueue(main, topicExchange!, '')
      await this.#declareDelay(channel, delayMs)
      await channel.bindExchange(entryExchange(this.#names, delayMs), topicExchange!, '')
      return channel.unbindQueue(main, topicExchange!, '')
    })
    const others = (await this.delays()).filter((each) => each !== delayMs)
    if (others.length === 0) return
    const gone: number[] = []
    for (const each of others) if (await this.#endDelay(each)) gone.push(each)
    await this.#changeNote((delays) => delays.filter((each) => !gone.includes(each)))
  }

  async unbind(): Promise<void> {
    const { main, topicExchange } = this.#names
    const delays = await this.delays()
    await this.#deps.connection.borrow(async (channel) => {
      await channel.unbindQueue(main, topicExchange!, '')
      for (const delayMs of delays)
        await channel.unbindExchange(entryExchange(this.#names, delayMs), topicExchange!, '')
    })
  }

  /** Those that the subscription has, or had while copies still wait for them. */
  async delays(): Promise<readonly number[]> {
    const note = delaysQueue(this.#names)
    if (((await probe(this.#deps.connection, note))?.messages ?? 0) === 0) return []
    return this.#deps.connection.borrow(async (channel) => {
      const found = await takeNotes(channel, note)
      for (const { message } of found) channel.nack(message, false, true)
      return delaysIn(found)
    })
  }

  async #declareDelay(channel: Channel, delayMs: number): Promise<void> {
    const { main } = this.#names
    const [entry, later] = [entryExchange(this.#names, delayMs), laterQueue(this.#names, delayMs)]
    await channel.assertQueue(later, {
      durable: true,
      arguments: {
        'x-message-ttl': uint32(delayMs),
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': main,
      },
    })
    await channel.assertExchange(later, 'fanout', { durable: true })
    await channel.bindQueue(later, later, '')
    // What no binding of it takes goes to the other one.
    await channel.assertExchange(entry, 'headers', { durable: true, alternateExchange: later })
    await channel.bindQueue(main, entry, '', { 'x-match': 'all', [TIMED]: '1' })
  }

  /** Whether nothing is left of it: copies that wait still have their time. */
  async #endDelay(delayMs: number): Promise<boolean> {
    const { topicExchange } = this.#names
    const [entry, later] = [entryExchange(this.#names, delayMs), laterQueue(this.#names, delayMs)]
    return this.#deps.connection.borrow(async (channel) => {
      await channel.unbindExchange(entry, topicExchange!, '')
      const { messageCount } = await channel.checkQueue(later)
      if (messageCount > 0) return false
      await channel.deleteExchange(entry)
      await channel.deleteExchange(later)
      await channel.deleteQueue(later, { ifEmpty: true })
      return true
    })
  }

  /** The new note is stored before the old one goes. */
  async #changeNote(change: (delays: readonly number[]) => readonly number[]): Promise<void> {
    const note = delaysQueue(this.#names)
    await this.#deps.connection.borrow(async (channel) => {
      await channel.assertQueue(note, { durable: true })
      const found = await takeNotes(channel, note)
      const before = delaysIn(found)
      const after = [...new Set(change(before))]
      const isSame = found.length === 1 && after.length === before.length
      if (!isSame && after.length > 0) {
        const content = Buffer.from(JSON.stringify(after))
        await this.#deps.publisher.publish(toQueue(note), { content, options: {} })
      }
      for (const { message } of found) {
        if (isSame) channel.nack(message, false, true)
        else channel.ack(message)
      }
    })
  }
}

interface Note {
  readonly message: GetMessage
  readonly delays: readonly number[]
}

/** More than one, where engines have changed it at the same time. */
async function takeNotes(channel: Channel, note: string): Promise<readonly Note[]> {
  const found: Note[] = []
  for (;;) {
    const message = await channel.get(note)
    if (message === false) return found
    const value = JSON.parse(message.content.toString()) as readonly number[]
    found.push({ message, delays: value })
  }
}

function delaysIn(notes: readonly Note[]): readonly number[] {
  return [...new Set(notes.flatMap(({ delays }) => delays))]
}
