// One subscription while somebody is bound to it: the bindings that share its queue, the consumer that delivers to them, and what of
// it the backend knows. Bindings come and go at any time; what follows from that is done one after the other, towards what is wanted last.
import type { Backend, Consumer, Consumption, Delivery, Outcome, QueueRef, Subscription } from '../adapters/backend.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { QueueSettings } from '../settings.ts'
import type { Subscriber } from './trigger.ts'

/**
 * How long the end of a subscription waits for what is being delivered; what takes longer is delivered again when the function subscribes
 * anew. Deliveries to a worker that is gone end by themselves.
 */
export const SUBSCRIPTION_STOP_MS = 30_000

export interface SharedSubscriptionDeps {
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  readonly backend: Backend
  /** One delivery to the function of a binding. Must not reject. */
  readonly deliver: (delivery: Delivery, subscriber: Subscriber, queue: QueueRef) => Promise<Outcome>
  /** Whether the function of a binding is there. */
  readonly canRun?: ((functionId: string, namespace: string | undefined) => boolean) | undefined
  /** The consumer with what happens to its jobs counted and told. */
  readonly observed: (queue: QueueRef, consumer: Consumer, functionId: string) => Consumer
}

interface Member {
  subscriber: Subscriber
  running: number
}

export class SharedSubscription implements Consumer {
  readonly subscription: Subscription
  readonly queue: QueueRef
  readonly #deps: SharedSubscriptionDeps
  /** In the order in which they came; one that comes again is the last. */
  readonly #members = new Map<string, Member>()
  #consumption: Consumption | undefined
  /** The last consumption, while its deliveries still run. */
  #ending: Promise<void> | undefined
  /** Whether the backend is to forget the subscription when nobody is bound to it. */
  #isForgotten = false
  #isRemembered = false
  #work: Promise<void> = Promise.resolve()

  constructor(subscription: Subscription, queue: QueueRef, deps: SharedSubscriptionDeps) {
    this.subscription = subscription
    this.queue = queue
    this.#deps = deps
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  /** Resolves when nothing is delivered any more for bindings that have gone. */
  async ended(): Promise<void> {
    await this.#ending
  }

  get size(): number {
    return this.#members.size
  }

  /** Resolves when it gets copies of what is published; rejects as the backend does, and then nobody is bound. */
  async add(subscriber: Subscriber): Promise<void> {
    const { id } = subscriber.binding
    const known = this.#members.get(id)
    this.#members.delete(id)
    const member = { subscriber, running: known?.running ?? 0 }
    this.#members.set(id, member)
    this.#isForgotten = false
    try {
      await this.#converge()
    } catch (error) {
      if (this.#members.get(id) === member) this.#members.delete(id)
      throw error
    }
  }

  /** @param forget when it was the last: no copies of what is published from now on, as against keeping them until it is back */
  async remove(bindingId: string, forget: boolean): Promise<void> {
    if (!this.#members.delete(bindingId)) return
    this.#isForgotten = forget
    await this.#converge()
  }

  deliver(delivery: Delivery): Promise<Outcome> {
    const member = this.#freest()
    // The last binding has gone while the backend was about to deliver.
    if (member === undefined) return Promise.resolve({ kind: 'returned' })
    member.running++
    return this.#deps.deliver(delivery, member.subscriber, this.queue).finally(() => member.running--)
  }

  canRun(): boolean {
    const { canRun = () => false } = this.#deps
    return [...this.#members.values()].some(({ subscriber: { binding } }) =>
      canRun(binding.function_id, binding.namespace),
    )
  }

  /** Settings of the binding that came last, with room for what all of them take at a time (spec 03 §4.3). */
  #settings(): QueueSettings | undefined {
    const subscribers = [...this.#members.values()].map(({ subscriber }) => subscriber)
    const last = subscribers.at(-1)
    if (last === undefined) return undefined
    const concurrency = subscribers.reduce((sum, { settings }) => sum + settings.concurrency, 0)
    return { ...last.settings, concurrency }
  }

  /** Bindings of one function compete: the one that has the most room gets the next message. */
  #freest(): Member | undefined {
    let freest: Member | undefined
    for (const member of this.#members.values()) {
      if (freest === undefined || roomOf(member) > roomOf(freest)) freest = member
    }
    return freest
  }

  #converge(): Promise<void> {
    const done = this.#work.then(() => this.#step())
    this.#work = done.catch(() => {})
    return done
  }

  async #step(): Promise<void> {
    const { backend, observed } = this.#deps
    const settings = this.#settings()
    if (settings !== undefined) {
      await backend.subscribe(this.subscription, settings)
      this.#isRemembered = true
      if (this.#ending !== undefined || this.#consumption !== undefined) return
      this.#consumption = await backend.consume(this.queue, observed(this.queue, this, this.subscription.functionId))
      return
    }
    if (this.#isForgotten && this.#isRemembered) {
      await backend.unsubscribe(this.subscription)
      this.#isRemembered = false
    }
    // Not waited for: what is being delivered is to hold up nobody who publishes.
    if (this.#consumption !== undefined) this.#ending = this.#end(this.#consumption)
    else if (this.#isForgotten && this.#ending === undefined) await backend.retire(this.queue)
    this.#consumption = undefined
  }

  async #end(consumption: Consumption): Promise<void> {
    await consumption.stop(SUBSCRIPTION_STOP_MS)
    this.#ending = undefined
    // Somebody may have come meanwhile, or nothing is left to be kept.
    await this.#converge().catch((error: unknown) => {
      this.#deps.log.error(
        `the subscription of ${this.subscription.functionId} to topic '${this.subscription.topic}' is not as it should be`,
        error,
      )
    })
  }
}

function roomOf({ subscriber, running }: Member): number {
  return subscriber.settings.concurrency - running
}
