// Puts the jobs of one queue where they belong on the broker: into the queue, into one of those in which delayed ones wait, to the next attempt,
// or to the dead letters.
import type { Clock } from '../../../../base/time/clock.ts'
import type { DeadLetter, Job, NewJob } from '../../job.ts'
import type { QueueSettings } from '../../settings.ts'
import type { QueueRef } from '../backend.ts'
import { HEADERS, withHeader, type MessageForm } from './job-message.ts'
import type { Address, QueueNames } from './names.ts'
import type { OutgoingMessage, Publisher } from './publisher.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import { declareDelay, declareQueue } from './topology.ts'

export interface StoreDeps {
  readonly connection: RabbitConnection
  readonly publisher: Publisher
  readonly clock: Clock
}

/** A job whose time comes within it waits in the engine that got it; others on the broker. */
export const HOLD_MS = 1_000
/** The queues of delayed jobs hold them for these times: one goes through several until its time has come. */
const LEAST_DELAY_MS = 125
export const DELAYS_MS: readonly number[] = Array.from({ length: 26 }, (_, step) => LEAST_DELAY_MS * 2 ** step)

export class JobStore {
  readonly queue: QueueRef
  readonly names: QueueNames
  readonly form: MessageForm
  settings: QueueSettings
  readonly #deps: StoreDeps
  /** Of the connection over which it was declared. */
  #generation = 0
  #declaring: Promise<void> | undefined
  readonly #delays = new Map<number, Promise<Address>>()

  constructor(queue: QueueRef, names: QueueNames, form: MessageForm, settings: QueueSettings, deps: StoreDeps) {
    this.queue = queue
    this.names = names
    this.form = form
    this.settings = settings
    this.#deps = deps
  }

  /** Names of the queues of delayed jobs that this engine has used. */
  async delayQueues(): Promise<string[]> {
    const addresses = await Promise.all([...this.#delays.values()].map((address) => address.catch(() => undefined)))
    return addresses.filter((address) => address !== undefined).map(({ routingKey }) => routingKey)
  }

  async declare(): Promise<void> {
    const { connection } = this.#deps
    const { generation } = connection
    await declareQueue(connection, this.queue.name, this.names, this.settings)
    this.#generation = generation
  }

  add(job: NewJob): Promise<void> {
    const now = this.#deps.clock.now()
    return this.put({ ...job, priority: job.priority ?? 0, attempts: 0, createdAt: now, history: [] })
  }

  /** Into the queue, or to where it waits for its time. */
  async put(job: Job): Promise<void> {
    const waitMs = (job.runAt ?? 0) - this.#deps.clock.now()
    const message = this.form.encode(this.queue, job, this.settings.maxAttempts)
    const delayMs = DELAYS_MS.findLast((each) => each <= waitMs)
    if (delayMs === undefined) return this.#publish(this.names.toMain, message)
    if (await this.#deps.publisher.publish(await this.#delay(delayMs), message)) return
    // Somebody has deleted the queue.
    this.#delays.delete(delayMs)
    await this.#publish(await this.#delay(delayMs), message)
  }

  /** To the next attempt. */
  retry(job: Job): Promise<void> {
    const message = this.form.encode(this.queue, { ...job, runAt: undefined }, this.settings.maxAttempts)
    const retryAt = `${this.#deps.clock.now() + this.settings.backoffMs}`
    return this.#publish(this.names.toRetry, withHeader(message, HEADERS.retryAt, retryAt))
  }

  bury(job: Job): Promise<void> {
    return this.#publish(this.names.toDead, this.form.encodeDead(this.queue, job, this.settings.maxAttempts))
  }

  /** What is no job, as it is. */
  buryMessage(message: OutgoingMessage): Promise<void> {
    return this.#publish(this.names.toDead, message)
  }

  revive({ job }: DeadLetter): Promise<void> {
    const again = { ...job, attempts: 0, runAt: undefined }
    return this.#publish(this.names.toMain, this.form.encode(this.queue, again, this.settings.maxAttempts))
  }

  async #publish(to: Address, message: OutgoingMessage): Promise<void> {
    // One for all that wait for it: they go on in their order.
    if (this.#generation !== this.#deps.connection.generation) {
      this.#declaring ??= this.declare().finally(() => (this.#declaring = undefined))
    }
    if (this.#declaring !== undefined) await this.#declaring
    if (await this.#deps.publisher.publish(to, message)) return
    await this.declare()
    if (await this.#deps.publisher.publish(to, message)) return
    throw new Error(
      `RabbitMQ has no queue for the exchange '${to.exchange}' and the key '${to.routingKey}', though it was declared. Nothing was stored.`,
    )
  }

  #delay(delayMs: number): Promise<Address> {
    let address = this.#delays.get(delayMs)
    if (address === undefined) {
      address = declareDelay(this.#deps.connection, this.names, delayMs)
      this.#delays.set(delayMs, address)
      address.catch(() => this.#delays.delete(delayMs))
    }
    return address
  }
}
