// One subscription at the engine that keeps the queues: a function of this engine there, and a binding of it to the topic. The other engine
// counts deliveries and repeats those that fail.
import { createHash, randomUUID } from 'node:crypto'
import type { Bridge } from '../../../../kit/bridge/bridge.ts'
import { withoutAnyCaller } from '../../../../kit/bridge/caller-member.ts'
import { countHop } from '../../../../kit/bridge/hops.ts'
import { CodedError } from '../../../../protocol/errors.ts'
import { settlesWithin } from '../../../../base/time/deadline.ts'
import { currentCallContext } from '../../../../sdk/async-call-contexts.ts'
import type { FunctionRef, TriggerRef } from '../../../../sdk/plugin.ts'
import type { Consumer, Consumption, Delivery, QueueRef, Subscription } from '../backend.ts'
import type { Failure, Job } from '../../job.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../settings.ts'

export class RemoteSubscription {
  readonly subscription: Subscription
  readonly queue: QueueRef
  readonly #bridge: Bridge
  /** The same after a restart: what was published meanwhile waits there for this function. */
  readonly #functionId: string
  /** With what ends their waits. */
  readonly #running = new Map<Promise<unknown>, () => void>()
  #trigger: TriggerRef | undefined
  #boundAs = ''
  #function: FunctionRef | undefined
  #consumer: Consumer | undefined

  constructor(bridge: Bridge, place: string, subscription: Subscription, queue: QueueRef) {
    this.#bridge = bridge
    this.subscription = subscription
    this.queue = queue
    this.#functionId = `queue::bridge::on_message::${uuidOf(`${place} ${queue.key}`)}`
  }

  /** Has messages of the topic kept for it from now on. */
  bind(settings: QueueSettings): void {
    const config = { topic: this.subscription.topic, ...tuning(settings) }
    const boundAs = JSON.stringify(config)
    if (this.#boundAs === boundAs) return
    this.#boundAs = boundAs
    const id = `${this.#functionId}::binding`
    this.#trigger = this.#bridge.iii.registerTrigger({
      type: 'durable:subscriber',
      id,
      function_id: this.#functionId,
      config,
    })
  }

  unbind(): void {
    this.#trigger?.unregister()
    this.#trigger = undefined
    this.#boundAs = ''
  }

  /** While nobody consumes the function is not there: messages wait there without using up a delivery. */
  consume(consumer: Consumer): Consumption {
    this.#consumer = consumer
    this.#function ??= this.#bridge.iii.registerFunction(
      this.#functionId,
      (json: string, metadata: unknown) => this.#take(json, metadata),
      {
        description: `Takes the messages of the topic ${this.subscription.topic} for ${this.subscription.functionId}.`,
        metadata: { internal: true },
        raw: true,
      },
    )
    return { stop: (withinMs) => this.stop(withinMs) }
  }

  async stop(withinMs: number): Promise<void> {
    this.#consumer = undefined
    this.#function?.unregister()
    this.#function = undefined
    for (const end of this.#running.values()) end()
    await settlesWithin(Promise.allSettled(this.#running.keys()), withinMs)
  }

  async #take(json: string, metadata: unknown): Promise<null> {
    const consumer = this.#consumer
    if (consumer === undefined) throw new CodedError('plugin_unavailable', 'Nobody is subscribed at the moment.')
    const { messageReceiptId: id = randomUUID(), attempt = 0 } = (metadata ?? {}) as ReceiptMetadata
    const { traceparent, baggage } = currentCallContext() ?? {}
    const { functionId, namespace } = this.subscription
    const job: Job = {
      id,
      functionId,
      namespace,
      data: withoutAnyCaller(json),
      traceparent,
      baggage: countHop(baggage, functionId),
      priority: 0,
      attempts: attempt,
      createdAt: Date.now(),
      history: [],
    }
    const ended = (): boolean => this.#consumer !== consumer
    let end: (() => void) | undefined
    const delivery: Delivery = {
      job,
      setAside(_lacksFunction, onEnded) {
        end = onEnded
        return true
      },
      takeUp: async () => !ended(),
      get hasEnded() {
        return ended()
      },
    }
    const delivering = consumer.deliver(delivery)
    this.#running.set(delivering, () => end?.())
    const outcome = await delivering.finally(() => this.#running.delete(delivering))
    if (outcome.kind === 'done') {
      consumer.settled?.(job, { kind: 'done' })
      return null
    }
    if (outcome.kind === 'returned') {
      consumer.settled?.(job, { kind: 'returned' })
      throw new CodedError('plugin_unavailable', 'The subscriber has gone before it took the message.')
    }
    const { code, message } = outcome
    const failure: Failure = { at: Date.now(), code, message }
    consumer.settled?.(job, { kind: 'retry', failure, runAt: Date.now() })
    throw new CodedError(code, message)
  }
}

interface ReceiptMetadata {
  readonly messageReceiptId?: string
  readonly attempt?: number
}

/** How the messages are to be delivered, where this differs from what is usual: the other engine goes by it. */
function tuning({ type, maxAttempts, concurrency, backoffMs, timeoutMs }: QueueSettings): object {
  const config = {
    ...(type !== QUEUE_DEFAULTS.type && { type }),
    ...(maxAttempts !== QUEUE_DEFAULTS.maxAttempts && { maxRetries: maxAttempts - 1 }),
    ...(concurrency !== QUEUE_DEFAULTS.concurrency && { concurrency }),
    ...(backoffMs !== QUEUE_DEFAULTS.backoffMs && { backoffDelayMs: backoffMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  }
  return Object.keys(config).length === 0 ? {} : { queue_config: config }
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
