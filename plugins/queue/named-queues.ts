// The named queues while the worker runs: those of the settings are declared and consumed, and changed in place when the settings change.
import { isDeepStrictEqual } from 'node:util'
import { CodedError } from '../../protocol/errors.ts'
import { namedQueue, type Backend, type Consumer, type Consumption, type QueueRef } from './adapters/backend.ts'
import { deliverJob, type DeliveryDeps } from './delivery.ts'
import type { QueueSettings } from './settings.ts'

export interface NamedQueue {
  readonly ref: QueueRef
  settings: QueueSettings
  consumption: Consumption | undefined
}

/** How long a queue that is taken out of the settings waits for what is being delivered. */
const STOP_MS = 5_000

export interface NamedQueuesDeps extends DeliveryDeps {
  /** The consumer with what happens to its jobs counted and told. */
  readonly observed: (queue: QueueRef, consumer: Consumer) => Consumer
}

export class NamedQueues {
  readonly #backend: Backend
  readonly #deps: NamedQueuesDeps
  readonly #queues = new Map<string, NamedQueue>()
  #turn: Promise<void> = Promise.resolve()

  constructor(backend: Backend, deps: NamedQueuesDeps) {
    this.#backend = backend
    this.#deps = deps
  }

  /** Brings the queues to these settings; those that are the same are left alone. Changes come one after the other. */
  apply(wanted: ReadonlyMap<string, QueueSettings>): Promise<void> {
    const change = (): Promise<void> => this.#apply(wanted)
    const next = this.#turn.then(change, change)
    this.#turn = next.catch(() => {})
    return next
  }

  find(name: string): NamedQueue | undefined {
    return this.#queues.get(name)
  }

  /** @throws {CodedError} `queue_not_found` */
  get(name: string): NamedQueue {
    const queue = this.#queues.get(name)
    if (queue !== undefined) return queue
    throw new CodedError(
      'queue_not_found',
      `The queue '${name}' was not found. Add it to queue_configs of iii-queue, or make it with queue::define.`,
    )
  }

  all(): ReadonlyMap<string, NamedQueue> {
    return this.#queues
  }

  async #apply(wanted: ReadonlyMap<string, QueueSettings>): Promise<void> {
    for (const [name, queue] of this.#queues) {
      if (wanted.has(name)) continue
      this.#queues.delete(name)
      await queue.consumption?.stop(STOP_MS)
      await this.#backend.retire(queue.ref)
    }
    for (const [name, settings] of wanted) {
      const queue = this.#queues.get(name)
      if (queue !== undefined && isDeepStrictEqual(queue.settings, settings)) continue
      await this.#backend.declare(namedQueue(name), settings)
      if (queue === undefined) await this.#begin(name, settings)
      else queue.settings = settings
    }
  }

  async #begin(name: string, settings: QueueSettings): Promise<void> {
    const queue: NamedQueue = { ref: namedQueue(name), settings, consumption: undefined }
    this.#queues.set(name, queue)
    const target = { ref: queue.ref, settings: () => queue.settings }
    const consumer: Consumer = {
      deliver: (delivery) => deliverJob(delivery, target, this.#deps),
      canRun: (functionId, namespace = 'default') => this.#deps.functions.has(namespace, functionId),
    }
    queue.consumption = await this.#backend.consume(queue.ref, this.#deps.observed(queue.ref, consumer))
  }
}
