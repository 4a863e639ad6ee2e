// What the objects of a queue are called on the broker (spec 03 §6.3): the same names as iii's, so that both can work on one broker.
import { CodedError } from '../../../../protocol/errors.ts'
import type { QueueRef, Subscription } from '../backend.ts'

/** Where a message is published. The empty exchange is the broker's own: the routing key is the name of the queue. */
export interface Address {
  readonly exchange: string
  readonly routingKey: string
}

/** The objects of a queue. */
export interface QueueNames {
  readonly main: string
  readonly dead: string
  /** Named queues alone: where a job waits for its next attempt. */
  readonly retry?: string
  readonly toMain: Address
  readonly toDead: Address
  readonly toRetry: Address
  /** Subscriptions alone: the exchange of the topic. */
  readonly topicExchange?: string
}

/** What the broker allows, in bytes. */
const MAX_NAME = 255
const LINE_BREAK = /[\r\n]/

export function namesOf(queue: QueueRef, subscription: Subscription | undefined): QueueNames {
  return subscription === undefined ? namedNames(queue) : subscriptionNames(subscription)
}

function namedNames({ name }: QueueRef): QueueNames {
  const base = `iii.__fn_queue::${name}`
  return checked(name, {
    main: `${base}.queue`,
    retry: `${base}::retry.queue`,
    dead: `${base}::dlq.queue`,
    toMain: { exchange: base, routingKey: name },
    toRetry: { exchange: `${base}::retry`, routingKey: name },
    toDead: { exchange: `${base}::dlq`, routingKey: name },
  })
}

function subscriptionNames({ topic, functionId, namespace }: Subscription): QueueNames {
  const base = `iii.${escaped(topic)}.${escaped(functionId)}@${escaped(namespace)}`
  const main = `${base}.queue`
  const dead = `${base}.dlq`
  return checked(topic, {
    main,
    dead,
    toMain: toQueue(main),
    toRetry: toQueue(main),
    toDead: toQueue(dead),
    topicExchange: topicExchange(topic),
  })
}

export function topicExchange(topic: string): string {
  return fitting(topic, `iii.${topic}.exchange`)
}

/** Ours alone: what was published to a topic while it had no queue. */
export function backlogQueue(topic: string): string {
  return fitting(topic, `iii.${escaped(topic)}.backlog`)
}

/** Ours alone: jobs that wait for `waitMs`, and come to the queue after that. */
export function delayQueue({ main }: QueueNames, waitMs: number): string {
  return fitting(main, `${main}.delay.${waitMs}`)
}

/** Ours alone, of a subscription with a delay: what is published to its topic comes here first. */
export function entryExchange({ main }: QueueNames, delayMs: number): string {
  return fitting(main, `${main}.entry.${delayMs}`)
}

/** Ours alone, of a subscription with a delay: the queue in which its copies wait, and the exchange before it. */
export function laterQueue({ main }: QueueNames, delayMs: number): string {
  return fitting(main, `${main}.later.${delayMs}`)
}

/** Ours alone: what delays a subscription has and had, for engines that come later. */
export function delaysQueue({ main }: QueueNames): string {
  return fitting(main, `${main}.delays`)
}

/** Ours alone: where jobs with a deduplication key are sent, and the keys that stand for jobs. */
export interface KeyNames {
  readonly requests: string
  readonly keys: string
}

export function keyNames({ main }: QueueNames): KeyNames {
  return { requests: fitting(main, `${main}.keyed`), keys: fitting(main, `${main}.keys`) }
}

/** Of a topic: all its subscriptions have the same. */
export function topicKeyNames(topic: string): KeyNames {
  const base = `iii.${escaped(topic)}`
  return { requests: fitting(topic, `${base}.keyed`), keys: fitting(topic, `${base}.keys`) }
}

/** Ours alone: whoever holds it delivers the jobs of a fifo queue. */
export function holderQueue({ main }: QueueNames): string {
  return fitting(main, `${main}.holder`)
}

/** Ours alone: engines that have somebody bound to the subscription consume it. */
export function boundQueue({ main }: QueueNames): string {
  return fitting(main, `${main}.bound`)
}

/** Ours alone: it is there while the queue is paused. */
export function pausedQueue({ main }: QueueNames): string {
  return fitting(main, `${main}.paused`)
}

export function toQueue(queue: string): Address {
  return { exchange: '', routingKey: queue }
}

function escaped(text: string): string {
  return text.replace(/[\\@]/g, '\\$&')
}

function checked(name: string, names: QueueNames): QueueNames {
  for (const each of [names.main, names.dead, names.retry ?? '', names.topicExchange ?? '']) fitting(name, each)
  return names
}

function fitting(name: string, broker: string): string {
  const bytes = Buffer.byteLength(broker)
  if (LINE_BREAK.test(broker)) {
    // The server would leave it out, and take the name for another one.
    const shown = JSON.stringify(name.slice(0, 80))
    throw new CodedError('unsupported', `The name ${shown} has a line break in it, which RabbitMQ does not allow.`)
  }
  if (bytes <= MAX_NAME) return broker
  throw new CodedError(
    'unsupported',
    `The queue or topic ${name.slice(0, 80)}… needs a name of ${bytes} bytes on RabbitMQ, which allows ${MAX_NAME}: shorten the name.`,
  )
}
