// The named queues while the worker runs: those of the settings are declared and consumed, and changed in place when the settings change. One that
// can't be brought to its settings at the moment is tried again.
import { isDeepStrictEqual } from 'node:util'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { namedQueue, type Backend, type Consumer, type Consumption, type QueueRef } from './adapters/backend.ts'
import { deliverJob, type DeliveryDeps } from './delivery.ts'
import type { QueueSettings } from './settings.ts'

export interface NamedQueue {
  readonly ref: QueueRef
  settings: QueueSettings
  /** Undefined: it takes jobs, and its consumer could not be started yet. */
  consumption: Consumption | undefined
}

/** How long a queue that is taken out of the settings waits for what is being delivered. */
const STOP_MS = 5_000
/** Between two attempts to bring a queue to its settings (spec 03 §2.4). */
export const QUEUE_RETRY_MS = 5_000
/** What passes by itself: the store is not there at the moment. Any other coded error is a refusal of the settings. */
const PASSING = new Set(['plugin_unavailable', 'overloaded'])

export interface NamedQueuesDeps extends DeliveryDeps {
  readonly log: Pick<PluginLog, 'info' | 'warn'>
  /** The consumer with what happens to its jobs counted and told. */
  readonly observed: (queue: QueueRef, consumer: Consumer) => Consumer
  /** Told of the queues that are not as they should be, with the reason, each time that these have changed. */
  readonly troubled: (problems: ReadonlyMap<string, string>) => void
}

export class NamedQueues {
  readonly #backend: Backend
  readonly #deps: NamedQueuesDeps
  readonly #queues = new Map<string, NamedQueue>()
  readonly #problems = new Map<string, string>()
  #turn: Promise<void> = Promise.resolve()
  #wanted: ReadonlyMap<string, QueueSettings> = new Map()
  #cancelRetry: (() => void) | undefined
  #isClosed = false

  constructor(backend: Backend, deps: NamedQueuesDeps) {
    this.#backend = backend
    this.#deps = deps
  }

  /** All of them. Rejects when one can't be started. */
  async start(wanted: ReadonlyMap<string, QueueSettings>): Promise<void> {
    await this.#inTurn(() => this.#apply(wanted, true))
    await this.#tellOfLeft(await this.#backend.queues())
  }

  /**
   * Brings the queues to these settings; those that are the same are left alone. Changes come one after the other. Rejects with what a store
   * refuses; a queue for which the store is not there at the moment keeps what it has, and is tried again.
   */
  apply(wanted: ReadonlyMap<string, QueueSettings>): Promise<void> {
    return this.#inTurn(() => this.#apply(wanted, false))
  }

  find(name: string): NamedQueue | undefined {
    return this.#queues.get(name)
  }

  /** @throws {CodedError} `queue_not_found`, `plugin_unavailable` while it could not be started */
  get(name: string): NamedQueue {
    const queue = this.#queues.get(name)
    if (queue !== undefined) return queue
    const problem = this.#problems.get(name)
    if (problem !== undefined) {
      const retry = `It is tried again every ${QUEUE_RETRY_MS / 1_000} s.`
      throw new CodedError('plugin_unavailable', `The queue '${name}' could not be started yet: ${problem}. ${retry}`)
    }
    throw new CodedError(
      'queue_not_found',
      `The queue '${name}' was not found. Add it to queue_configs of iii-queue, or make it with queue::define.`,
    )
  }

  all(): ReadonlyMap<string, NamedQueue> {
    return this.#queues
  }

  /** Those that are not as they should be: now, since the store is there again. */
  tryAgain(): void {
    if (this.#problems.size === 0 || this.#isClosed) return
    this.#inTurn(() => this.#apply(this.#wanted, false)).catch((error: unknown) =>
      this.#deps.log.warn('named queues are not as their settings say', error),
    )
  }

  /** Tries nothing any more. */
  close(): void {
    this.#isClosed = true
    this.#cancelRetry?.()
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(change, change)
    this.#turn = next.catch(() => {})
    return next
  }

  async #apply(wanted: ReadonlyMap<string, QueueSettings>, isStart: boolean): Promise<void> {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#wanted = wanted
    for (const [name, queue] of this.#queues) if (!wanted.has(name)) await this.#end(name, queue)
    for (const name of this.#problems.keys()) if (!wanted.has(name)) this.#solved(name)
    for (const [name, settings] of wanted) {
      try {
        await this.#bring(name, settings)
        this.#solved(name)
      } catch (error) {
        if (isStart || isRefusal(error)) throw error
        this.#failed(name, error)
      }
    }
    if (this.#problems.size > 0 && !this.#isClosed) {
      this.#cancelRetry = this.#deps.clock.after(QUEUE_RETRY_MS, () => this.tryAgain())
    }
  }

  async #bring(name: string, settings: QueueSettings): Promise<void> {
    const known = this.#queues.get(name)
    const isSame = known !== undefined && isDeepStrictEqual(known.settings, settings)
    if (isSame && known.consumption !== undefined) return
    const queue: NamedQueue = known ?? { ref: namedQueue(name), settings, consumption: undefined }
    if (!isSame) await this.#backend.declare(queue.ref, settings)
    queue.settings = settings
    this.#queues.set(name, queue)
    if (queue.consumption !== undefined) return
    const target = { ref: queue.ref, settings: () => queue.settings }
    const consumer: Consumer = {
      deliver: (delivery) => deliverJob(delivery, target, this.#deps),
      canRun: (functionId, namespace = 'default') => this.#deps.functions.has(namespace, functionId),
    }
    queue.consumption = await this.#backend.consume(queue.ref, this.#deps.observed(queue.ref, consumer))
  }

  async #end(name: string, { ref, consumption }: NamedQueue): Promise<void> {
    this.#queues.delete(name)
    await consumption?.stop(STOP_MS)
    try {
      await this.#backend.retire(ref)
      await this.#tellOfLeft([ref])
    } catch (error) {
      if (isRefusal(error)) throw error
      this.#deps.log.warn(`the store could not be told that the queue '${name}' is defined no more`, error)
    }
  }

  /** Jobs stay in a queue that is defined no more: somebody may have mistyped its name, or wants to be rid of them. */
  async #tellOfLeft(queues: readonly QueueRef[]): Promise<void> {
    for (const queue of queues) {
      if (queue.kind !== 'named' || this.#queues.has(queue.name)) continue
      const { waiting, active, delayed, dead } = await this.#backend.stats(queue)
      const jobs = waiting + active + delayed
      if (jobs + dead === 0) continue
      this.#deps.log.warn(
        `the queue '${queue.name}' is defined no more, and ${jobs} jobs and ${dead} dead letters stay in it: they are delivered when it is defined again`,
      )
    }
  }

  #failed(name: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error)
    if (this.#problems.get(name) === problem) return
    this.#problems.set(name, problem)
    this.#deps.log.warn(
      `the queue '${name}' is not as its settings say, and is tried again every ${QUEUE_RETRY_MS} ms: ${problem}`,
    )
    this.#deps.troubled(this.#problems)
  }

  #solved(name: string): void {
    if (!this.#problems.delete(name)) return
    this.#deps.log.info(`the queue '${name}' is as its settings say`)
    this.#deps.troubled(this.#problems)
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CodedError && !PASSING.has(error.code)
}
