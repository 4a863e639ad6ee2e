// The second connection of a Redis client, for subscriptions: opened with the first one, subscribed again after each reconnect.
// A message is handed on as it arrives and never queued here. When this process is too slow to read, Redis itself keeps what
// waits, up to its `client-output-buffer-limit pubsub`, and then ends the connection: `broken`, and soon `active` again.
import type { Redis } from 'ioredis'
import { RedisError, isReply, reasonOf } from './redis-error.ts'

/** Is told of messages, and when a subscription is in force or broken. */
export interface SubscriptionListener {
  message(text: string): void
  /** The subscription is in force: the first time, and again after each reconnect. What was published before may be missing. */
  active?(): void
  /** It no longer is: messages are being missed until `active`. */
  broken?(): void
}

export interface SubscriberOptions {
  readonly open: () => Redis
  readonly address: string
  readonly heartbeatMs: number
  readonly warn: (message: string, data: Record<string, unknown>) => void
}

interface Channel {
  readonly listeners: Set<SubscriptionListener>
  active: boolean
}

export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #channels = new Map<string, Channel>()
  #client: Redis | undefined
  /** Settles when the first attempt to connect has succeeded or failed. */
  #opened: Promise<unknown> | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /**
   * Resolves when the subscription is in force. Without a connection it resolves too, and `active` tells when it is; it is
   * kept until it is ended. Rejects when Redis refuses it. The returned function ends it.
   */
  async subscribe(name: string, listener: SubscriptionListener): Promise<() => Promise<void>> {
    if (this.#closed)
      throw new RedisError('unreachable', `The connection to Redis at ${this.#options.address} is closed.`)
    const client = (this.#client ??= this.#open())
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = { listeners: new Set(), active: false }
      this.#channels.set(name, channel)
    }
    channel.listeners.add(listener)
    this.#opened ??= client.connect().catch(() => {})
    await this.#opened
    if (channel.active) listener.active?.()
    else if (client.status === 'ready') await this.#activate(client, name, channel, listener)
    return () => this.#unsubscribe(name, listener)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    this.#channels.clear()
    this.#client?.disconnect()
  }

  #open(): Redis {
    const client = this.#options.open()
    client.on('message', (name: string, text: string) => {
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener.message(text)
    })
    client.on('ready', () => this.#resume(client))
    client.on('close', () => this.#break())
    client.on('error', () => {})
    this.#heartbeat = setInterval(() => {
      if (client.status !== 'ready') return
      // A connection that only listens would not notice that its server is gone without a word.
      client.ping().catch(() => {})
      // What was refused after a reconnect may be allowed by now.
      this.#resume(client)
    }, this.#options.heartbeatMs)
    this.#heartbeat.unref()
    return client
  }

  #resume(client: Redis): void {
    for (const [name, channel] of this.#channels) {
      if (channel.active) continue
      this.#activate(client, name, channel).catch((error: unknown) => {
        if (!isReply(error)) return
        this.#options.warn(`Redis at ${this.#options.address} refused the subscription to ${name}.`, {
          error: reasonOf(error),
        })
      })
    }
  }

  /** Rejects when Redis refuses. A connection that breaks meanwhile is no failure: the next one subscribes again. */
  async #activate(client: Redis, name: string, channel: Channel, asker?: SubscriptionListener): Promise<void> {
    try {
      await client.subscribe(name)
    } catch (error) {
      if (!isReply(error)) return
      if (asker !== undefined) this.#forget(name, channel, asker)
      throw error
    }
    if (channel.active || client.status !== 'ready' || this.#channels.get(name) !== channel) return
    channel.active = true
    for (const listener of channel.listeners) listener.active?.()
  }

  #break(): void {
    for (const channel of this.#channels.values()) {
      if (!channel.active) continue
      channel.active = false
      for (const listener of channel.listeners) listener.broken?.()
    }
  }

  async #unsubscribe(name: string, listener: SubscriptionListener): Promise<void> {
    const channel = this.#channels.get(name)
    if (channel === undefined || !this.#forget(name, channel, listener)) return
    if (this.#client?.status === 'ready') await this.#client.unsubscribe(name).catch(() => {})
  }

  /** True when nobody listens to the channel any more. */
  #forget(name: string, channel: Channel, listener: SubscriptionListener): boolean {
    channel.listeners.delete(listener)
    if (channel.listeners.size > 0 || this.#channels.get(name) !== channel) return false
    this.#channels.delete(name)
    return true
  }
}
