// Who is subscribed to what: the bindings of each topic, and one subscription per topic with the adapter behind them all.
// A publish looks at the bindings of its topic alone.
import { EqualBindings } from '../../kit/triggers/equal-bindings.ts'
import type { TriggerBinding, TriggerTypeHandler } from '../../sdk/handle-types.ts'
import type { PubSubAdapter, PubSubEvent, SharedBinding, Subscription } from './adapters/adapter.ts'
import type { TopicBindings } from './broadcast.ts'
import { readSubscribeFilter, topicOf } from './trigger.ts'

export interface TopicsOptions {
  readonly adapter: PubSubAdapter
  readonly warn: (message: string, data: Record<string, unknown>) => void
  readonly createBindings: () => TopicBindings
  /** Hands an event to the bindings of its topic. */
  readonly send: (event: PubSubEvent, bindings: TopicBindings) => void | Promise<void>
}

interface Topic {
  readonly name: string
  readonly bindings: TopicBindings
  /** When each binding was made, by `performance.now()`. */
  readonly since: Map<string, number>
  /** Undefined while it is being made. */
  subscription: Subscription | undefined
  /** Set while it is being made; rejects when it can't be had. */
  opening: Promise<void> | undefined
}

export class Topics implements TriggerTypeHandler<unknown> {
  readonly #options: TopicsOptions
  #adapter: PubSubAdapter
  readonly #topics = new Map<string, Topic>()
  readonly #topicOfBinding = new Map<string, Topic>()
  readonly #equals = new EqualBindings()
  readonly #publishing = new Set<Promise<void>>()
  /** Set while the adapter changes: bindings to new topics wait for its end. */
  #changing: Promise<void> | undefined
  /** Set for the last part of a change: publishes wait for its end. */
  #switching: Promise<void> | undefined

  constructor(options: TopicsOptions) {
    this.#options = options
    this.#adapter = options.adapter
  }

  /** Active when it has returned, or resolved. Throwing refuses the binding. */
  registerTrigger(binding: TriggerBinding<unknown>): void | Promise<void> {
    const { id, function_id, config } = binding
    const name = topicOf(config)
    if (name === undefined) {
      this.#options.warn(`A subscription of ${function_id} names no topic and is never called.`, {
        binding: id,
        config,
        hint: 'Set `topic` in the trigger config to a text that is not empty.',
      })
      return this.unregisterTrigger({ id })
    }
    readSubscribeFilter(config)
    const topic = this.#topics.get(name)
    if (topic === undefined && this.#changing !== undefined) {
      return this.#changing.then(() => this.registerTrigger(binding))
    }
    const opening = topic === undefined ? this.#open(name) : topic.opening
    if (opening === undefined) return this.#bind(name, binding)
    return opening.then(() => this.#bind(name, binding))
  }

  unregisterTrigger({ id }: { readonly id: string }): void | Promise<void> {
    const topic = this.#topicOfBinding.get(id)
    if (topic === undefined) return
    this.#topicOfBinding.delete(id)
    this.#equals.remove(id)
    return this.#drop(topic, id)
  }

  /** Whether an event is for a binding. */
  isFor({ claimed }: PubSubEvent, bindingId: string): boolean {
    return claimed === undefined || claimed.has(this.#equals.nameOf(bindingId))
  }

  publish(event: PubSubEvent): void | Promise<void> {
    // A worker that subscribes and then publishes expects its own event, though the subscription takes a while.
    const before = this.#switching ?? this.#topics.get(event.topic)?.opening
    if (before !== undefined) {
      const again = (): void | Promise<void> => this.publish(event)
      return before.then(again, again)
    }
    const published = this.#adapter.publish(event)
    if (published === undefined) return
    this.#publishing.add(published)
    const forget = (): void => void this.#publishing.delete(published)
    published.then(forget, forget)
    return published
  }

  /**
   * Takes the subscriptions to another adapter. Until all of them are made there, and if one can't be, everything stays as it is.
   * What this engine publishes meanwhile is delivered once.
   */
  async change(open: () => Promise<PubSubAdapter>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#changing = promise
    try {
      await Promise.allSettled([...this.#topics.values()].map(({ opening }) => opening))
      const next = await open()
      const made = await this.#subscribeAll(next)
      this.#switching = promise
      await Promise.allSettled(this.#publishing)
      await this.close()
      this.#adapter = next
      for (const [name, subscription] of made) {
        const topic = this.#topics.get(name)
        if (topic === undefined) void subscription.close()
        else topic.subscription = subscription
      }
    } finally {
      this.#changing = undefined
      this.#switching = undefined
      resolve()
    }
  }

  /** Ends the adapter with its subscriptions; the bindings stay. */
  async close(): Promise<void> {
    await this.#adapter.close()
  }

  get bindings(): TopicBindings[] {
    return [...this.#topics.values()].map(({ bindings }) => bindings)
  }

  /** Undefined: the subscription is there already. */
  #open(name: string): Promise<void> | undefined {
    const topic: Topic = {
      name,
      bindings: this.#options.createBindings(),
      since: new Map(),
      subscription: undefined,
      opening: undefined,
    }
    const outcome = this.#subscribe(this.#adapter, topic)
    this.#topics.set(name, topic)
    if (!(outcome instanceof Promise)) {
      topic.subscription = outcome
      return undefined
    }
    topic.opening = outcome.then(
      (subscription) => {
        topic.subscription = subscription
        topic.opening = undefined
      },
      (error: unknown) => {
        this.#topics.delete(name)
        throw error
      },
    )
    return topic.opening
  }

  #subscribe(adapter: PubSubAdapter, topic: Topic): Subscription | Promise<Subscription> {
    // While two adapters are subscribed, one of them counts.
    const counts = (): boolean => adapter === this.#adapter
    return adapter.subscribe(
      topic.name,
      (event) => (counts() ? this.#options.send(event, topic.bindings) : undefined),
      () => (counts() ? this.#shared(topic) : []),
    )
  }

  #shared({ since }: Topic): SharedBinding[] {
    return Array.from(since, ([id, time]) => ({ name: this.#equals.nameOf(id), since: time }))
  }

  async #subscribeAll(adapter: PubSubAdapter): Promise<Map<string, Subscription>> {
    const topics = [...this.#topics.values()]
    try {
      const made = await Promise.all(topics.map((topic) => this.#subscribe(adapter, topic)))
      return new Map(made.map((subscription, index) => [topics[index]!.name, subscription]))
    } catch (error) {
      await adapter.close()
      throw error
    }
  }

  #bind(name: string, binding: TriggerBinding<unknown>): void | Promise<void> {
    const topic = this.#topics.get(name)
    // Its other bindings came and went while this one waited.
    if (topic === undefined || topic.opening !== undefined) return this.registerTrigger(binding)
    const before = this.#topicOfBinding.get(binding.id)
    topic.bindings.registerTrigger(binding)
    this.#equals.add(binding)
    topic.since.set(binding.id, performance.now())
    this.#topicOfBinding.set(binding.id, topic)
    if (before !== undefined && before !== topic) return this.#drop(before, binding.id)
  }

  #drop(topic: Topic, id: string): void | Promise<void> {
    topic.bindings.unregisterTrigger({ id })
    topic.since.delete(id)
    if (topic.bindings.size > 0) return
    this.#topics.delete(topic.name)
    return topic.subscription?.close()
  }
}
