// A backend that stores nothing: it writes down what it is asked, lets a test answer when it wants, and hand out deliveries.
import type {
  Backend,
  Consumer,
  Consumption,
  Delivery,
  Outcome,
  QueueRef,
  Subscription,
} from '../../../../plugins/queue/adapters/backend.ts'
import { subscriptionQueue } from '../../../../plugins/queue/adapters/backend.ts'
import type { Job } from '../../../../plugins/queue/job.ts'
import type { QueueSettings } from '../../../../plugins/queue/settings.ts'
import { Collector } from '../../../support/deadline.ts'

type Part = Pick<Backend, 'subscribe' | 'unsubscribe' | 'consume' | 'retire'>

export class ScriptedBackend implements Part {
  /** `subscribe t::f@default`, `consume …`, `stop …`, `unsubscribe …`, in the order in which they were asked. */
  readonly told = new Collector<string>()
  /** Queues that were retired. */
  readonly retired = new Collector<string>()
  readonly settings = new Map<string, QueueSettings>()
  readonly #consumers = new Map<string, Consumer>()
  /** The next `subscribe` rejects with it. */
  refusal: Error | undefined
  /** The next `stop` resolves with it. */
  stopping: Promise<void> | undefined

  get asked(): string[] {
    return this.told.items
  }

  async subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef> {
    const queue = subscriptionQueue(subscription)
    this.told.add(`subscribe ${queue.key}`)
    const { refusal } = this
    this.refusal = undefined
    if (refusal !== undefined) throw refusal
    this.settings.set(queue.key, settings)
    return queue
  }

  async unsubscribe(subscription: Subscription): Promise<boolean> {
    this.told.add(`unsubscribe ${subscriptionQueue(subscription).key}`)
    return true
  }

  async retire({ key }: QueueRef): Promise<void> {
    this.retired.add(key)
  }

  async consume({ key }: QueueRef, consumer: Consumer): Promise<Consumption> {
    if (this.#consumers.has(key)) throw new Error(`There is a consumer of ${key} already.`)
    this.told.add(`consume ${key}`)
    this.#consumers.set(key, consumer)
    return {
      stop: async () => {
        this.told.add(`stop ${key}`)
        await this.stopping
        this.#consumers.delete(key)
      },
    }
  }

  /** Hands a job to the consumer of a queue. */
  deliver(key: string, job: Partial<Job> = {}): Promise<Outcome> {
    const consumer = this.#consumers.get(key)
    if (consumer === undefined) throw new Error(`Nobody consumes ${key}.`)
    const whole: Job = {
      id: 'm',
      functionId: 'f',
      data: '1',
      priority: 0,
      attempts: 0,
      createdAt: 0,
      history: [],
      ...job,
    }
    const delivery: Delivery = { job: whole, setAside: () => true, takeUp: async () => true, hasEnded: false }
    return consumer.deliver(delivery)
  }
}
