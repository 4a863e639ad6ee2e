// Queues that another engine keeps (spec 06 D): jobs and messages are handed on to its queue worker, which decides on order, retries and
// dead letters. Of topics its deliveries come back, to a function of this engine for each subscription; named queues it delivers itself.
import { ConnectionError } from '../../../../sdk/transports/connection-error.ts'
import type { Bridge } from '../../../../kit/bridge/bridge.ts'
import { CallTimeout, InvocationError } from '../../../../sdk/errors.ts'
import type { Action } from '../../../../sdk/handle-types.ts'
import { RawJson } from '../../../../sdk/raw-json.ts'
import { CodedError } from '../../../../protocol/errors.ts'
import {
  subscriptionQueue,
  type Backend,
  type BackendState,
  type Consumer,
  type Consumption,
  type JobFor,
  type PublishedMessage,
  type QueueRef,
  type QueueStats,
  type RememberedSubscription,
  type Stored,
  type Subscription,
} from '../backend.ts'
import type { DeadLetter, Job, NewJob } from '../../job.ts'
import type { QueueSettings } from '../../settings.ts'
import { RemoteSubscription } from './remote-subscription.ts'

const PUBLISH = 'iii::durable::publish'
/** The other engine has them, and is not asked. */
const UNKNOWN: QueueStats = { waiting: 0, active: 0, delayed: 0, dead: 0, paused: false }
const NOTHING_CONSUMED: Consumption = { stop: async () => {} }

export class BridgeBackend implements Backend {
  readonly brokerType = 'bridge'
  state: BackendState = 'reconnecting'
  readonly #bridge: Bridge
  readonly #place: string
  readonly #named = new Map<string, QueueRef>()
  readonly #subscriptions = new Map<string, RemoteSubscription>()

  /** @param place what tells this engine from others that are bridged to the same one, the same after a restart */
  constructor(bridge: Bridge, place: string) {
    this.#bridge = bridge
    this.#place = place
  }

  connectionChanged(connected: boolean): void {
    this.state = connected ? 'connected' : 'reconnecting'
  }

  async declare(queue: QueueRef): Promise<void> {
    if (queue.kind === 'named') this.#named.set(queue.key, queue)
  }

  async retire(queue: QueueRef): Promise<void> {
    this.#named.delete(queue.key)
  }

  async queues(): Promise<QueueRef[]> {
    return [...this.#named.values(), ...[...this.#subscriptions.values()].map(({ queue }) => queue)]
  }

  enqueue(jobs: readonly JobFor[]): Promise<Stored[]> {
    return Promise.all(jobs.map(({ queue, job }) => this.#enqueue(queue, job)))
  }

  /** Of named queues nothing is delivered here: the other engine calls the functions of its workers. */
  async consume(queue: QueueRef, consumer: Consumer): Promise<Consumption> {
    return this.#subscriptions.get(queue.key)?.consume(consumer) ?? NOTHING_CONSUMED
  }

  async setPaused(): Promise<void> {
    throw unsupported('pausing')
  }

  async subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef> {
    const queue = subscriptionQueue(subscription)
    let known = this.#subscriptions.get(queue.key)
    if (known === undefined) {
      known = new RemoteSubscription(this.#bridge, this.#place, subscription, queue)
      this.#subscriptions.set(queue.key, known)
    }
    known.bind(settings)
    return queue
  }

  async unsubscribe(subscription: Subscription): Promise<boolean> {
    const { key } = subscriptionQueue(subscription)
    this.#subscriptions.get(key)?.unbind()
    this.#subscriptions.delete(key)
    return true
  }

  async subscriptions(topic?: string): Promise<RememberedSubscription[]> {
    const all = [...this.#subscriptions.values()].map(({ queue, subscription }) => ({ ...subscription, queue }))
    return topic === undefined ? all : all.filter((each) => each.topic === topic)
  }

  async publish(topic: string, message: PublishedMessage): Promise<number> {
    const { data, traceparent, baggage } = message
    const more = { ...optionsOf(message), __traceparent: traceparent, __baggage: baggage }
    const rest = JSON.stringify(more).slice(1)
    await this.#bridge.call(
      PUBLISH,
      `{"topic":${JSON.stringify(topic)},"data":${data}${rest === '}' ? rest : `,${rest}`}`,
    )
    return 1
  }

  async topics(): Promise<string[]> {
    return []
  }

  async backlog(): Promise<number> {
    return 0
  }

  async peekBacklog(): Promise<Job[]> {
    throw unsupported('listing')
  }

  async stats(): Promise<QueueStats> {
    return UNKNOWN
  }

  async peek(): Promise<Job[]> {
    throw unsupported('listing')
  }

  async delayed(): Promise<Job[]> {
    throw unsupported('listing')
  }

  async deadLetters(): Promise<DeadLetter[]> {
    throw unsupported('DLQ')
  }

  async deadLetter(): Promise<DeadLetter | undefined> {
    throw unsupported('DLQ')
  }

  async redrive(): Promise<number> {
    throw unsupported('DLQ')
  }

  async discard(): Promise<number> {
    throw unsupported('DLQ')
  }

  async close(withinMs: number, onStopped?: () => void): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.stop(withinMs)))
    onStopped?.()
    await this.#bridge.close()
  }

  async #enqueue({ name }: QueueRef, job: NewJob): Promise<Stored> {
    const { functionId, namespace, data, traceparent, baggage } = job
    const action: Action = { type: 'enqueue', queue: name, ...optionsOf(job) }
    const request = { function_id: functionId, payload: new RawJson(data), action }
    try {
      const { messageReceiptId: id, duplicate } = (await this.#bridge.iii.trigger<unknown, Receipt>({
        ...request,
        ...(namespace !== undefined && { namespace }),
        ...(traceparent !== undefined && { traceparent }),
        ...(baggage !== undefined && { baggage }),
      })) as Receipt
      return { stored: duplicate !== true, id }
    } catch (error) {
      throw storeError(error)
    }
  }
}

interface Receipt {
  readonly messageReceiptId: string
  readonly duplicate?: true
}

/** What a publisher may say beside the payload, where this one has said it. */
function optionsOf({ priority, runAt, dedup }: Pick<NewJob, 'priority' | 'runAt' | 'dedup'>): object {
  return {
    ...(priority !== undefined && { priority }),
    ...(runAt !== undefined && { run_at: runAt }),
    ...(dedup !== undefined && { dedup_key: dedup.key, dedup_window_ms: dedup.windowMs }),
  }
}

/** Codes of the other engine's queue worker are those of this one. */
function storeError(error: unknown): unknown {
  if (!(error instanceof InvocationError)) return error
  const { code } = error
  const message = error.message.slice(code.length + 2)
  const options = { cause: error }
  if (error instanceof ConnectionError && !error.sent) return new CodedError('plugin_unavailable', message, options)
  if (error instanceof ConnectionError || error instanceof CallTimeout)
    return new Error(`${message} The job may have been stored.`, options)
  return new CodedError(code, message, options)
}

function unsupported(what: string): CodedError {
  return new CodedError(
    'unsupported',
    `Bridge queue adapter does not support ${what} operations: ask the engine that keeps the queues.`,
  )
}
