// Names of keys, and what the registry on the server says of a queue.
import { encodeName } from '../../../../kit/redis/redis-name.ts'
import type { QueueRef, Subscription } from '../backend.ts'
import { subscriptionQueue } from '../backend.ts'

/** The channel on which engines tell each other that there is something to take: the beginning of the queue's keys, or `topics`. */
export const WAKE_CHANNEL = 'queue::wake'
/** What is told when a topic has a further subscription. */
export const TOPICS = 'topics'
/** What is told of a delivery that another engine has taken over, with its token behind it. */
export const LEFT = 'left '
export const REGISTRY = 'queue::queues'
export const SUBSCRIPTIONS = 'queue::subscriptions'
/** Names no queue: scripts of engines have it as their key. */
export const ENGINES = 'queue::engines'

export type Key = string | Buffer

/** Beginning of the keys of a queue: no two queues have the same. */
export function queueKey({ kind, key }: Pick<QueueRef, 'kind' | 'key'>): Key {
  return withName(kind === 'named' ? 'queue:n:' : 'queue:s:', key)
}

export function backlogKey(topic: string): Key {
  return withName('queue:b:', topic)
}

/** The hash of a topic's subscriptions. */
export function topicKey(topic: string): Key {
  return withName('queue:t:', topic)
}

export function endedWith(key: Key, suffix: string): Key {
  return typeof key === 'string' ? key + suffix : Buffer.concat([key, Buffer.from(suffix)])
}

/** To compare keys, and to find them by. */
export function keyText(key: Key): string {
  return typeof key === 'string' ? key : key.toString()
}

export type Registered =
  | { readonly kind: 'queue'; readonly ref: QueueRef }
  | { readonly kind: 'backlog'; readonly topic: string }

export function registryText(entry: QueueRef | { readonly topic: string }): string {
  return JSON.stringify(
    'topic' in entry ? ['b', entry.topic] : [entry.kind === 'named' ? 'n' : 's', entry.key, entry.name],
  )
}

export function readRegistry(text: string): Registered {
  const [kind, key, name = ''] = JSON.parse(text) as [string, string, string?]
  if (kind === 'b') return { kind: 'backlog', topic: key }
  return { kind: 'queue', ref: { kind: kind === 'n' ? 'named' : 'subscription', key, name } }
}

export function subscriptionText({ topic, functionId, namespace }: Subscription): string {
  return JSON.stringify([topic, functionId, namespace])
}

export function readSubscription(text: string): Subscription & { readonly queue: QueueRef } {
  const [topic, functionId, namespace] = JSON.parse(text) as [string, string, string]
  const subscription = { topic, functionId, namespace }
  return { ...subscription, queue: subscriptionQueue(subscription) }
}

function withName(beginning: string, name: string): Key {
  const encoded = encodeName(name)
  return typeof encoded === 'string' ? beginning + encoded : Buffer.concat([Buffer.from(beginning), encoded])
}
