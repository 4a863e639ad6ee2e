// All bindings of `durable:subscriber` and `queue` (spec 03 §4.2–4.3): which subscription each belongs to, and when one ends. A worker that
// goes keeps its subscription, whose messages wait for its return; whoever unregisters it ends it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TriggerBinding, TriggerTypeHandler } from '../../../sdk/handle-types.ts'
import { subscriptionQueue, type QueueRef } from '../adapters/backend.ts'
import type { QueueSettings } from '../settings.ts'
import { SharedSubscription, type SharedSubscriptionDeps } from './subscription.ts'
import { readSubscriber, topicOf, type Subscriber } from './trigger.ts'

/** Changes of a binding, one after the other, that a publisher waits for. */
const MAX_CHANGES = 100

export interface SubscriptionsDeps extends SharedSubscriptionDeps {
  /** Of a subscriber that says nothing. */
  readonly defaults: QueueSettings
}

export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  readonly #byBinding = new Map<string, SharedSubscription>()
  readonly #byKey = new Map<string, SharedSubscription>()
  /** By topic, while there are any. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /** @param isShared whether all bindings to a topic share its messages, instead of each function getting all */
  handler(isShared = false): TriggerTypeHandler<unknown> {
    return {
      registerTrigger: (binding) =>
        this.#changing([topicOf(binding.config), this.#topicOfBinding(binding.id)], this.#register(binding, isShared)),
      unregisterTrigger: (unbound) => this.#changing([this.#topicOfBinding(unbound.id)], this.#unregister(unbound)),
    }
  }

  /**
   * Resolves when the subscriptions of a topic that were made and ended so far count. Undefined: they do. For publishers: what comes after a
   * registration is to reach it.
   */
  changes(topic: string): Promise<void> | undefined {
    return this.#changes.has(topic) ? this.#changed(topic) : undefined
  }

  async #changed(topic: string): Promise<void> {
    for (let round = 0; round < MAX_CHANGES; round++) {
      await this.#changes.get(topic)
      // What came for a binding while its last change was under way begins only now.
      await nextTurn()
      if (!this.#changes.has(topic)) return
    }
  }

  async #register(binding: TriggerBinding<unknown>, isShared: boolean): Promise<void> {
    const { log, defaults } = this.#deps
    const subscriber = readSubscriber(binding, defaults, isShared)
    const about = { trigger: binding.id, function_id: binding.function_id }
    const before = this.#byBinding.get(binding.id)
    const isSame = subscriber !== undefined && before?.queue.key === subscriptionQueue(subscriber.subscription).key
    if (before !== undefined && !isSame) await this.#remove(binding.id, before, true)
    if (subscriber === undefined)
      return log.warn('a subscriber names no topic and gets nothing: set `topic` in its config', about)
    for (const problem of subscriber.problems)
      log.warn(`subscriber of topic '${subscriber.subscription.topic}': ${problem}`, about)
    // Looked up after the wait: an empty one may have ended meanwhile.
    const shared = this.#shared(subscriber)
    this.#byBinding.set(binding.id, shared)
    try {
      await shared.add(subscriber)
    } catch (error) {
      if (this.#byBinding.get(binding.id) === shared) this.#byBinding.delete(binding.id)
      void this.#dropEmpty(shared)
      throw error
    }
  }

  async #unregister({ id, deliberate }: { readonly id: string; readonly deliberate: boolean }): Promise<void> {
    const shared = this.#byBinding.get(id)
    if (shared !== undefined) await this.#remove(id, shared, deliberate)
  }

  /** Bindings of a subscription's queue, those that replicas share counted once. */
  bindingsOf({ key }: QueueRef): number {
    return this.#byKey.get(key)?.size ?? 0
  }

  /** Names of topics to which somebody is bound. */
  topics(): Set<string> {
    return new Set(
      [...this.#byKey.values()].filter(({ isEmpty }) => !isEmpty).map(({ subscription }) => subscription.topic),
    )
  }

  #topicOfBinding(id: string): string | undefined {
    return this.#byBinding.get(id)?.subscription.topic
  }

  #changing(topics: readonly (string | undefined)[], change: Promise<void>): Promise<void> {
    for (const topic of new Set(topics)) {
      if (topic === undefined) continue
      const all: Promise<unknown> = Promise.allSettled([this.#changes.get(topic), change]).then(() => {
        if (this.#changes.get(topic) === all) this.#changes.delete(topic)
      })
      this.#changes.set(topic, all)
    }
    return change
  }

  #shared({ subscription }: Subscriber): SharedSubscription {
    const queue = subscriptionQueue(subscription)
    const known = this.#byKey.get(queue.key)
    if (known !== undefined) return known
    const shared = new SharedSubscription(subscription, queue, this.#deps)
    this.#byKey.set(queue.key, shared)
    return shared
  }

  async #remove(bindingId: string, shared: SharedSubscription, forget: boolean): Promise<void> {
    this.#byBinding.delete(bindingId)
    await shared.remove(bindingId, forget).finally(() => void this.#dropEmpty(shared))
  }

  /** Kept until its consumption has ended: whoever subscribes meanwhile has to wait for that. */
  async #dropEmpty(shared: SharedSubscription): Promise<void> {
    await shared.ended()
    const { key } = shared.queue
    if (shared.isEmpty && this.#byKey.get(key) === shared) this.#byKey.delete(key)
  }
}
