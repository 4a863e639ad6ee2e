// Where the jobs of one queue come from: a channel with as many consumers as its window takes. Lost with the connection, or ended by the broker, it is
// opened anew until it is closed.
import type { Channel } from 'amqplib'
import { BackOff } from '../../../../base/time/back-off.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { Origin } from './held-job.ts'
import type { JobStore } from './job-store.ts'
import { holderQueue } from './names.ts'
import { closeQuietly, giveAllBack, reasonOf, type RabbitConnection } from './rabbit-connection.ts'
import { isLocked } from './topology.ts'
import { Window } from './window.ts'

export interface FeedDeps {
  readonly connection: RabbitConnection
  readonly clock: Clock
  readonly log: Pick<PluginLog, 'warn'>
}

export interface FeedOwner {
  /** A job that the broker hands over. */
  take(origin: Origin): void
  /** Nothing that was taken can be acknowledged any more: the broker hands it over again. */
  lost(): void
  /** @param current the size of the window; 0 for one that is new */
  wanted(current: number): number
}

const REOPEN = { firstMs: 50, longestMs: 5_000, spread: [0.5, 1] } as const
/** How often an engine asks whether a fifo queue has become free. */
const HOLDER_MS = 1_000

export class Feed {
  readonly #store: JobStore
  readonly #deps: FeedDeps
  readonly #owner: FeedOwner
  readonly #backOff = new BackOff(REOPEN)
  #window: Window | undefined
  #channel: Channel | undefined
  #isClosed = false

  constructor(store: JobStore, deps: FeedDeps, owner: FeedOwner) {
    this.#store = store
    this.#deps = deps
    this.#owner = owner
  }

  /** Rejects where the first attempt fails; later ones are made until one succeeds. */
  async open(): Promise<void> {
    const channel = await this.#deps.connection.channel()
    try {
      if (this.#isFifo && !(await this.#isHolder())) {
        await closeQuietly(channel)
        this.#later(HOLDER_MS)
        return
      }
      // The feed may have been closed meanwhile.
      if (this.#isClosed) return await this.#release(channel)
      this.#channel = channel
      this.#window = new Window(channel, this.#store.names.main, (message) => {
        if (message === null) void closeQuietly(channel)
        else this.#owner.take({ channel, message })
      })
      channel.on('close', () => this.#lost(channel))
      await this.#window.resize(this.#owner.wanted(0))
    } catch (error) {
      if (this.#channel === channel) this.#channel = this.#window = undefined
      await closeQuietly(channel)
      throw error
    }
    this.#backOff.succeeded()
  }

  /** Consumers of this engine. */
  get consumers(): number {
    return this.#window?.parts ?? 0
  }

  /** Asks for as many jobs as the owner wants now. Resolves when it is so. */
  async fit(): Promise<void> {
    const window = this.#window
    if (window === undefined) return
    const wanted = this.#owner.wanted(window.wanted)
    // A channel that is lost meanwhile is opened anew with what is wanted then.
    if (wanted !== window.wanted) await window.resize(wanted).catch(() => {})
  }

  /** All that was taken and not acknowledged comes again, in its order. */
  restart(): void {
    if (this.#channel !== undefined) void closeQuietly(this.#channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const channel = this.#channel
    this.#channel = this.#window = undefined
    if (channel !== undefined) await this.#release(channel)
  }

  get #isFifo(): boolean {
    return this.#store.settings.type === 'fifo'
  }

  /** Of a fifo queue one engine delivers the jobs: the one that holds a queue which ends with its connection. */
  async #isHolder(): Promise<boolean> {
    const queue = holderQueue(this.#store.names)
    try {
      await this.#deps.connection.borrow((channel) => channel.assertQueue(queue, { exclusive: true, durable: false }))
      return true
    } catch (error) {
      if (isLocked(error)) return false
      throw error
    }
  }

  async #release(channel: Channel): Promise<void> {
    // The connection may be gone.
    await Promise.try(() => giveAllBack(channel, this.#store.names.main)).catch(() => {})
    await closeQuietly(channel)
    if (!this.#isFifo) return
    await this.#deps.connection
      .borrow((borrowed) => borrowed.deleteQueue(holderQueue(this.#store.names)))
      // Another engine holds it, or the connection is gone, and the queue with it.
      .catch(() => {})
  }

  #lost(channel: Channel): void {
    if (this.#channel !== channel) return
    this.#channel = this.#window = undefined
    this.#owner.lost()
    this.#later(this.#backOff.failed())
  }

  #later(ms: number): void {
    this.#deps.clock.after(ms, () => void this.#reopen())
  }

  async #reopen(): Promise<void> {
    if (this.#isClosed || this.#channel !== undefined || this.#deps.connection.isClosed) return
    try {
      await this.#store.declare()
      await this.open()
    } catch (error) {
      if (this.#deps.connection.state === 'connected') {
        const { name } = this.#store.queue
        this.#deps.log.warn(`The queue ${name} can't be consumed: ${reasonOf(error)}. It is tried again.`)
      }
      this.#later(this.#backOff.failed())
    }
  }
}
