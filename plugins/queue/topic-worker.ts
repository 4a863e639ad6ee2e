// What the queue worker is beside its named queues: topics with their subscriptions, the admin functions, and what is told of all queues.
import type { Clock } from '../../base/time/clock.ts'
import type { Handle, PluginLog } from '../../sdk/plugin.ts'
import type { Backend, Consumer, QueueRef } from './adapters/backend.ts'
import type { AdminDeps } from './admin/functions.ts'
import { topicRows } from './admin/listing.ts'
import { QueueNames, type NamedQueues } from './admin/names.ts'
import type { AwaitingJobs } from './awaiting-jobs.ts'
import type { DeliveryDeps } from './delivery.ts'
import { subscriberDefaults } from './topics/defaults.ts'
import { liveSubscribers } from './topics/live-subscribers.ts'
import type { PublishDeps } from './topics/publish.ts'
import { deliverMessage } from './topics/subscriber-delivery.ts'
import { Subscriptions } from './topics/subscriptions.ts'
import { SUBSCRIBER_TRIGGER_TYPES } from './topics/trigger.ts'
import { DEAD_LETTER_TRIGGER_TYPE } from './watch/dead-letter-trigger.ts'
import { kindOf } from './watch/queue-figures.ts'
import { QueueWatch } from './watch/queue-watch.ts'

/** How long the end waits for events whose conditions have not decided. */
const EVENTS_MS = 2_000

export interface TopicWorkerDeps {
  readonly iii: Pick<Handle, 'trigger' | 'registerTriggerType'>
  readonly log: PluginLog
  readonly clock: Clock
  readonly backend: Backend
  readonly delivery: DeliveryDeps
  readonly awaiting: AwaitingJobs
  readonly named: NamedQueues
  /** Of the adapter. */
  readonly config: Readonly<Record<string, unknown>>
  /** Whether all triggers of the older type on a topic share its messages. */
  readonly legacySharedTopics: boolean
}

export class TopicWorker {
  readonly publish: PublishDeps
  readonly admin: AdminDeps
  readonly #watch: QueueWatch
  readonly #subscriptions: Subscriptions
  readonly #deps: TopicWorkerDeps

  constructor(deps: TopicWorkerDeps) {
    this.#deps = deps
    const { iii, log, clock, backend, delivery, awaiting, named, config } = deps
    const now = (): number => clock.now()
    const watch = new QueueWatch({ iii, log, clock, rows: () => topicRows({ backend, named, awaiting }) })
    const subscriptions = new Subscriptions({
      backend,
      log,
      defaults: subscriberDefaults(config),
      deliver: (message, subscriber, queue) => deliverMessage(message, subscriber, queue, delivery),
      canRun: (functionId, namespace = 'default') => delivery.functions.has(namespace, functionId),
      observed: (queue, consumer, functionId) => watch.over(queue, consumer, functionId),
    })
    this.#watch = watch
    this.#subscriptions = subscriptions
    this.publish = {
      backend,
      now,
      changes: (topic) => subscriptions.changes(topic),
      spans: delivery.spans,
      published: (topic, copies) => watch.figures.of('topic', topic).addEnqueued(copies),
    }
    this.admin = {
      backend,
      named,
      awaiting,
      names: new QueueNames(named, backend),
      now,
      figures: watch.figures,
      subscribers: () => liveSubscribers(iii),
      isBound: (queue) => subscriptions.bindingsOf(queue) > 0,
      redriven: (queue, count) => watch.figures.of(kindOf(queue), queue.name).addRedriven(count),
    }
  }

  /** The consumer of a named queue, with what happens to its jobs counted and told. */
  observed(queue: QueueRef, consumer: Consumer): Consumer {
    return this.#watch.over(queue, consumer)
  }

  /** A job was stored in a named queue. */
  stored(queue: string): void {
    this.#watch.figures.of('named', queue).addEnqueued(1)
  }

  registerTriggerTypes(): void {
    const { iii, legacySharedTopics } = this.#deps
    const [durable, legacy] = SUBSCRIBER_TRIGGER_TYPES
    iii.registerTriggerType(durable, this.#subscriptions.handler())
    iii.registerTriggerType(legacy, this.#subscriptions.handler(legacySharedTopics))
    iii.registerTriggerType(DEAD_LETTER_TRIGGER_TYPE, this.#watch.deadLetters)
  }

  /** When the backend is closed. */
  close(): Promise<void> {
    return this.#watch.close(EVENTS_MS)
  }
}
