// What keeps jobs and gives them out: the interface that SQLite, Redis and RabbitMQ implement, and all that the rest of the worker knows
// of them. `test/plugins/queue/backend-cases.ts` holds every backend to it.
//
// The way of a job:
//
//   engine::queue::enqueue, iii::durable::publish
//     → settings read group, priority and key from the payload (`payload-member.ts`), nobody else looks into it
//     → Backend.enqueue / publish: one durable step, answered when it is safe
//     → Consumer.deliver, when a slot, the rate, the job's group and its time allow (the backend's business)
//     → the target's call (`delivery.ts`): trace, holding while the function is missing, time limit
//     → Outcome → the backend forgets the job, or has it wait for another delivery, or keeps it as a dead letter
//     → Consumer.settled: metrics, events
//
// Who decides what. A backend decides when and where a job is delivered: order, slots, groups, rate, pauses, delays, retries with back-off,
// dead letters. It knows these from `QueueSettings`, so that one that shares its store with other engines can have them hold over all of
// them. The rest of the worker decides what a delivery is and whether it has failed. A backend never calls a function.
//
// Backends to which a broker pushes (RabbitMQ): `consume` opens a channel with a prefetch of `concurrency` (fifo: what its groups need),
// `deliver` is called for what arrives, and the outcome becomes an acknowledgement, a copy to the retry exchange, or a rejection. What the broker
// can't do the backend does on this side, with the parts in `plugins/queue/line/`: groups, rates, jobs that are set aside (they stay
// unacknowledged, and the prefetch is raised by their number). `returned` is a nack with requeue. Where a broker can't give something at all
// (a list of delayed jobs, by-id access in a long queue), the method says so by an `unsupported` error that names the adapter.
//
// Backends that share their store with other engines (Redis): an active job has a lease with a token, renewed while `deliver` runs; an
// outcome with a token that no longer counts is dropped and told by `settled` as `lost`. Blocking reads have a connection of their own.
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { DeadLetter, Failure, Job, JobContent, NewJob } from '../job.ts'
import type { QueueSettings } from '../settings.ts'

/** A queue: one that has a name of its own, or that of a subscription. Compared by `kind` and `key`. */
export interface QueueRef {
  readonly kind: 'named' | 'subscription'
  /** Unique within its kind: `__fn_queue::<name>`, or the identity of the subscription. Never shown to users. */
  readonly key: string
  /** As users say it: the name of the queue, or of the topic. */
  readonly name: string
}

/** What tells one subscription from others (spec 03 §4.3): replicas and reconnects have the same. */
export interface Subscription {
  readonly topic: string
  /**
   * The function, or what `metadata.__binding` says in its place. Jobs of a subscription have it as their `functionId`, or the empty text where they
   * were published before there was a subscription: which function is called is up to the binding that lives.
   */
  readonly functionId: string
  /** `default`, where the binding names none. */
  readonly namespace: string
}

export function namedQueue(name: string): QueueRef {
  return { kind: 'named', key: `__fn_queue::${name}`, name }
}

/**
 * Identity `<topic>::<function_id>@<namespace>`: `\` and `@` of all parts are escaped with `\`, and so is what would make a `::` in the topic:
 * topic `a` with the function `b::c` is another subscription than topic `a::b` with `c`.
 */
export function subscriptionQueue({ topic, functionId, namespace }: Subscription): QueueRef {
  const key = `${escaped(topic).replace(/:(?=:|$)/g, '\\:')}::${escaped(functionId)}@${escaped(namespace)}`
  return { kind: 'subscription', key, name: topic }
}

function escaped(text: string): string {
  return text.replace(/[\\@]/g, '\\$&')
}

/** What became of one job of `enqueue`. */
export type Stored =
  /** It is stored. */
  | { readonly stored: true; readonly id: string }
  /** Another one stands for it, by its deduplication key: `id` is that one's. */
  | { readonly stored: false; readonly id: string }

export interface JobFor {
  readonly queue: QueueRef
  readonly job: NewJob
}

/** What a delivery came to. */
export type Outcome =
  /** The function has answered: the job is forgotten. */
  | { readonly kind: 'done' }
  /** An attempt is used up: the job waits for the next one, or is dead. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** Nothing has happened: the job is waiting again in its old place, with unchanged attempts. */
  | { readonly kind: 'returned' }

/** One delivery of a job. */
export interface Delivery {
  readonly job: Job
  /** Unix milliseconds since which this engine has waited for the job's function, where it had the job in hand before. */
  readonly lackingSince?: number | undefined
  /**
   * Gives the slot to another job while this one waits for something, such as its function. In a fifo queue the group stays blocked. At most
   * `MAX_SET_ASIDE` jobs per queue: false beyond it, and then it goes on occupying its slot.
   * @param lacksFunction what it waits for is its function, which another engine on the same store may have
   * @param onEnded called when there is nothing left to wait for: the consumer takes no more, or another engine has the job. Its outcome is `returned`
   * then. Not called where it `hasEnded` before.
   */
  setAside(lacksFunction?: boolean, onEnded?: () => void): boolean
  /** Resolves when the job has a slot again; at once where it never gave it up. False: the consumer has ended, the outcome is `returned`. */
  takeUp(): Promise<boolean>
  /** It gets no slot again, and is to wait for nothing any more: the consumer takes no more, or another engine has the job. */
  readonly hasEnded: boolean
}

/** Jobs of a queue that wait for something of their own without a slot. */
export const MAX_SET_ASIDE = 1_000

/** How a delivery ended for its job. */
export type Settled =
  | { readonly kind: 'done' | 'returned' }
  /** `runAt`: Unix milliseconds of the next attempt. */
  | { readonly kind: 'retry'; readonly failure: Failure; readonly runAt: number }
  | { readonly kind: 'dead'; readonly failure: Failure }
  /** Another engine has the job by now: what this delivery came to no longer counts. */
  | { readonly kind: 'lost' }

/** Whoever takes the jobs of a queue. */
export interface Consumer {
  /** Runs one delivery. Must not reject; called without a call context. */
  deliver(delivery: Delivery): Promise<Outcome>
  /** Whether the function of a job is here: what another engine has set aside for the lack of it is taken over. Undefined: nothing is. */
  canRun?(functionId: string, namespace: string | undefined): boolean
  /** Told what became of a job when that is as durable as the backend makes it. Must not throw. */
  settled?(job: Job, how: Settled): void
}

/** A consumer that takes jobs. */
export interface Consumption {
  /** Takes no more. Resolves when no delivery runs any more, at the latest after `withinMs`: what still runs then counts as returned. */
  stop(withinMs: number): Promise<void>
}

/** Figures of a queue. Jobs are counted once: a job is waiting, active, delayed or dead. */
export interface QueueStats {
  /** Could be delivered now. */
  readonly waiting: number
  /** Being delivered, on all engines that share the store; those that are set aside included. */
  readonly active: number
  /** Their time has not come: delayed by the publisher, or between two attempts. */
  readonly delayed: number
  readonly dead: number
  readonly paused: boolean
  /** Unix milliseconds at which the oldest of the waiting was stored; undefined = none waits, or the backend can't tell. */
  readonly oldestAt?: number | undefined
}

export interface Page {
  readonly offset: number
  readonly limit: number
}

export interface DeadLetterPage extends Page {
  /** Of the last failure. */
  readonly order: 'newest' | 'oldest'
}

/** Which dead letters are meant: some by id, or all that are there when it begins. */
export type DeadLetterChoice = { readonly ids: readonly string[] } | 'all'

/** What a topic's publisher hands over. Each subscription gets a copy with an id of its own. */
export interface PublishedMessage extends Omit<JobContent, 'id' | 'functionId' | 'namespace'> {
  readonly priority?: number | undefined
  readonly runAt?: number | undefined
  readonly dedup?: NewJob['dedup']
}

/** A subscription that the backend remembers. */
export interface RememberedSubscription extends Subscription {
  readonly queue: QueueRef
}

/**
 * `connected`: everything works. `reconnecting`: calls wait or fail with the reason until the backend has come back by itself. `blocked`: jobs are delivered, and
 * the store takes no further ones, since it is short of memory or disk.
 */
export type BackendState = 'connected' | 'reconnecting' | 'blocked'

/**
 * A store of jobs. Every method is one atomic step unless it says otherwise; a rejection means that nothing was changed. Rejections are
 * `CodedError`s: `queue_full` at a retention limit, `overloaded` or `plugin_unavailable` where nothing was tried, `unsupported` for what
 * the adapter can't do; other errors are the store's and say what to do.
 */
export interface Backend {
  /** `builtin`, `redis`, `rabbitmq`: what listings show. */
  readonly brokerType: string
  readonly state: BackendState

  /**
   * Makes a queue, or has changed settings hold for it. Jobs that wait are delivered by the new settings, also where the type changes.
   * A queue must be declared before anything else is done with it; `enqueue` into one that was not is a programming error.
   */
  declare(queue: QueueRef, settings: QueueSettings): Promise<void>
  /** No longer in `queues`. What is stored in it stays, and is there again when it is declared again; a queue in which nothing is stored is forgotten. */
  retire(queue: QueueRef): Promise<void>
  /** Those declared, and those in which something is stored. */
  queues(): Promise<QueueRef[]>

  /**
   * Stores jobs, in their order, in one durable step: resolves when all of them survive a crash. Rejects with `queue_full` when a queue has no
   * room for all of them.
   */
  enqueue(jobs: readonly JobFor[]): Promise<Stored[]>

  /**
   * Delivers the jobs of a queue to the consumer. At most one consumer per queue and engine; settings that `declare` changes count from the
   * next delivery on. Of a standard queue jobs start in the order of priority, then arrival; those whose delay has ended come first. Of a fifo
   * queue each group has one job at a time, in the order of arrival, also while one of it waits for its next attempt; groups start in the order in which
   * their first jobs arrived.
   */
  consume(queue: QueueRef, consumer: Consumer): Promise<Consumption>
  /** Whether nothing is given out any more, or again. What is being delivered goes on. Durable. */
  setPaused(queue: QueueRef, paused: boolean): Promise<void>

  /**
   * Remembers a subscription durably: from now on its queue gets a copy of whatever is published to the topic. The first one of a topic gets what was
   * published while there was none. Known already: only the settings are taken, as `declare` does.
   */
  subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef>
  /**
   * Takes it out of those that get copies. What its queue holds stays as with `retire`. False: another engine on the same store has somebody bound
   * to it, and it stays.
   */
  unsubscribe(subscription: Subscription): Promise<boolean>
  subscriptions(topic?: string): Promise<RememberedSubscription[]>
  /**
   * Stores a copy for each subscription of the topic in one durable step, or one in the topic's backlog where there is none. Where the
   * message names no `runAt`, the `delayMs` of each subscription counts. Resolves with the number of copies.
   */
  publish(topic: string, message: PublishedMessage): Promise<number>
  /** Topics with a subscription or a backlog, each once. */
  topics(): Promise<string[]>
  /** Messages that were published to a topic without subscriptions. */
  backlog(topic: string): Promise<number>
  /** Those messages, the first first. */
  peekBacklog(topic: string, page: Page): Promise<Job[]>

  /** An unknown queue has zeros. */
  stats(queue: QueueRef): Promise<QueueStats>
  /** What would be delivered next, first job first; not what is active or delayed. */
  peek(queue: QueueRef, page: Page): Promise<Job[]>
  /** Delayed jobs, the one whose time comes first at the beginning. */
  delayed(queue: QueueRef, page: Page): Promise<Job[]>
  /** By the time of the last failure. */
  deadLetters(queue: QueueRef, page: DeadLetterPage): Promise<DeadLetter[]>
  /** The one with this id; undefined = there is none. */
  deadLetter(queue: QueueRef, id: string): Promise<DeadLetter | undefined>
  /**
   * Back to the end of the live queue, oldest failure first, with 0 attempts and the same id. Resolves with how many were found. `all` may be done in several
   * steps, each atomic; a dead letter is never in both places, or in none.
   */
  redrive(queue: QueueRef, which: DeadLetterChoice): Promise<number>
  /** Forgets dead letters. Steps as with `redrive`. */
  discard(queue: QueueRef, which: DeadLetterChoice): Promise<number>

  /** `Consumer.canRun` has other answers: functions have come. */
  functionsChanged?(): void

  /**
   * Ends all consumption as `Consumption.stop` does, finishes what was begun and releases the store, so that the next generation can open it.
   * @param onStopped Told when consumption has ended: from then on jobs are not taken any more.
   */
  close(withinMs: number, onStopped?: () => void): Promise<void>
}

export interface BackendContext {
  /** The `adapter.config` block, checked against its schema. */
  readonly config: Readonly<Record<string, unknown>>
  /** What relative paths refer to. */
  readonly projectRoot: string
  readonly log: PluginLog
  /** Told when `state` has changed. */
  readonly onStateChange?: ((state: BackendState) => void) | undefined
  /** Default: the system's; for tests. */
  readonly clock?: Clock | undefined
  /** 0 to 1, for jitter. Default `Math.random`; for tests. */
  readonly random?: (() => number) | undefined
}

/** Opens a backend, or throws an error that says what is wrong and what to do. There is no fall-back to memory. */
export type BackendFactory = (context: BackendContext) => Backend | Promise<Backend>
