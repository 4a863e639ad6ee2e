// What a pub/sub adapter is: the interface that local and redis implement. An event is a topic and JSON text.
// `test/plugins/pubsub/pubsub-cases.ts` holds both to the same cases.
import type { EventOrigin } from '../../../kit/triggers/trigger-bindings.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'

export interface PubSubEvent {
  readonly topic: string
  /** What was published, as JSON text. */
  readonly json: string
  /** Trace context of the publisher; an adapter that crosses processes loses it. */
  readonly origin: EventOrigin
  /** Names of the bindings that it is for; absent = all of the topic. */
  readonly claimed?: ReadonlySet<string> | undefined
}

/** A binding as other engines know it, on which the same is bound. */
export interface SharedBinding {
  readonly name: string
  /** When it was bound here, by `performance.now()`. */
  readonly since: number
}

/** Resolves, or returns, when the event has been handed to its subscribers. Fails with `overloaded` when too many wait for that. */
export type Receive = (event: PubSubEvent) => void | Promise<void>

export interface Subscription {
  /** No event reaches `receive` any more. Does not reject. */
  close(): void | Promise<void>
}

/** A method answers without a promise where there is nothing to wait for: then its effect is there at once. */
export interface PubSubAdapter {
  /**
   * Every event published to the topic from the answer on reaches `receive`, in the order of publication. Across engines each is for
   * one of those that have a binding of that name; `bindings` is asked at every event.
   */
  subscribe(
    topic: string,
    receive: Receive,
    bindings: () => readonly SharedBinding[],
  ): Subscription | Promise<Subscription>
  /** Hands the event over to whoever is subscribed, here and elsewhere. A rejection says why that could not be done. */
  publish(event: PubSubEvent): void | Promise<void>
  /** Ends all subscriptions, once what was published before has reached them. */
  close(): void | Promise<void>
}

export interface PubSubAdapterContext {
  /** The `adapter.config` block. */
  readonly config: Readonly<Record<string, unknown>>
  readonly log: PluginLog
}

/** Opens an adapter, or throws an error that says what is wrong and what to do. */
export type PubSubAdapterFactory = (context: PubSubAdapterContext) => PubSubAdapter | Promise<PubSubAdapter>
