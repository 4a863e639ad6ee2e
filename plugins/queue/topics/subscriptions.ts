// All bindings of `durable:subscriber` and `queue` (spec 03 §4.2–4.3): which subscription each belongs to, and when one ends. A worker that
// goes keeps its subscription, whose messages wait for its return; whoever unregisters it ends it.
import type { TriggerBinding, TriggerTypeHandler } from '../../../sdk/handle-types.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { subscriptionQueue, type QueueRef } from '../adapters/backend.ts'
import type { QueueSettings } from '../settings.ts'
import { SharedSubscription, type SharedSubscriptionDeps } from './subscription.ts'
import { readSubscriber, type Subscriber } from './trigger.ts'

export interface SubscriptionsDeps extends SharedSubscriptionDeps {
  readonly log: PluginLog
  /** Of a subscriber that says nothing. */
  readonly defaults: QueueSettings
}

export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  readonly #byBinding = new Map<string, SharedSubscription>()
  readonly #byKey = new Map<string, SharedSubscription>()

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /** @param isShared whether all bindings to a topic share its messages, instead of each function getting all */
  handler(isShared = false): TriggerTypeHandler<unknown> {
    return {
      registerTrigger: (binding) => this.#register(binding, isShared),
      unregisterTrigger: (unbound) => this.#unregister(unbound),
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
      this.#dropEmpty(shared)
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
    return new Set([...this.#byKey.values()].map(({ subscription }) => subscription.topic))
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
    try {
      await shared.remove(bindingId, forget)
    } finally {
      this.#dropEmpty(shared)
    }
  }

  /** Kept until its consumption has ended: whoever subscribes meanwhile has to wait for that. */
  #dropEmpty(shared: SharedSubscription): void {
    const { key } = shared.queue
    if (shared.isEmpty && this.#byKey.get(key) === shared) this.#byKey.delete(key)
  }
}
