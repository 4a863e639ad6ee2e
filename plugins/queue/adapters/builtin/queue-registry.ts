// Which queues, lanes and subscriptions the store knows: their rows, and the lines that run for them. Whatever changes them writes first.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { CodedError } from '../../../../protocol/errors.ts'
import { subscriptionQueue, type QueueRef, type Subscription } from '../backend.ts'
import type { QueueSettings } from '../../settings.ts'
import type { JobDatabase } from './job-database.ts'
import type { JobTables } from './job-tables.ts'
import { Lane } from './lane.ts'
import { QueueLine, type QueueLineDeps } from './queue-line.ts'
import { MAX_LANES } from './schema.ts'
import { SubscriptionSettings } from './subscription-settings.ts'

/** `backlog`: what was published to a topic while it had no subscription; its name and key are the topic. */
export type LineKind = QueueRef['kind'] | 'backlog'

export interface KnownQueue {
  readonly line: QueueLine
  kind: LineKind
  key: string
  /** Of a subscription. */
  subscription: Subscription | undefined
  /** Whether it gets copies. */
  subscribed: boolean
}

export class QueueRegistry {
  readonly #store: JobDatabase
  readonly #tables: JobTables
  readonly #deps: Omit<QueueLineDeps, 'openLane'>
  /** By kind and key. */
  readonly #queues: Readonly<Record<LineKind, Map<string, KnownQueue>>> = {
    named: new Map(),
    subscription: new Map(),
    backlog: new Map(),
  }
  /** By topic; forgotten with each change. */
  readonly #subscribers = new Map<string, readonly KnownQueue[]>()
  readonly #usedLanes = new Set<number>()
  readonly #settings: SubscriptionSettings
  #lastNumber = 0
  #lastLane = 0
  readonly #insert: StatementSync
  readonly #become: StatementSync
  readonly #setSubscribed: StatementSync
  readonly #setPaused: StatementSync
  readonly #remove: StatementSync
  readonly #removeLanes: StatementSync
  readonly #removeKeys: StatementSync
  /** Changes come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: Omit<QueueLineDeps, 'openLane'>) {
    this.#deps = deps
    this.#store = deps.store
    this.#tables = deps.tables
    this.#settings = new SubscriptionSettings(deps.store)
    const { database } = deps.store
    this.#insert = database.prepare(
      'INSERT INTO queue (number, key, kind, name, function_id, namespace, subscribed) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#become = database.prepare(
      'UPDATE queue SET key = ?, kind = ?, name = ?, function_id = ?, namespace = ?, subscribed = 1 WHERE number = ?',
    )
    this.#setSubscribed = database.prepare('UPDATE queue SET subscribed = ? WHERE number = ?')
    this.#setPaused = database.prepare('UPDATE queue SET paused = ? WHERE number = ?')
    this.#remove = database.prepare('DELETE FROM queue WHERE number = ?')
    this.#removeLanes = database.prepare('DELETE FROM lane WHERE queue = ?')
    this.#removeKeys = database.prepare('DELETE FROM dedup WHERE queue = ?')
    this.#read(database)
  }

  find(kind: LineKind, key: string): KnownQueue | undefined {
    return this.#queues[kind].get(key)
  }

  *all(): Iterable<KnownQueue> {
    for (const queues of Object.values(this.#queues)) yield* queues.values()
  }

  /** Those that get copies of what is published to the topic. */
  subscribersOf(topic: string): readonly KnownQueue[] {
    let found = this.#subscribers.get(topic)
    if (found === undefined) {
      found = [...this.#queues.subscription.values()].filter(
        (each) => each.subscribed && each.subscription?.topic === topic,
      )
      // A topic that nobody subscribes to is not remembered: publishers may think of any number of them.
      if (found.length > 0) this.#subscribers.set(topic, found)
    }
    return found
  }

  /** The queue, made where it is not known. */
  ensure(ref: QueueRef, kind: LineKind = ref.kind): Promise<KnownQueue> {
    return this.#inTurn(() => this.find(kind, ref.key) ?? this.#make(kind, ref, undefined))
  }

  /** The subscription's queue, which gets copies from now on. The first of a topic takes over the topic's backlog. */
  subscribe(subscription: Subscription, settings: QueueSettings): Promise<KnownQueue> {
    return this.#inTurn(async () => {
      const known = await this.#subscribed(subscription)
      await this.#settings.keep(known.line.number, settings)
      known.line.settings = settings
      return known
    })
  }

  async #subscribed(subscription: Subscription): Promise<KnownQueue> {
    const ref = subscriptionQueue(subscription)
    const known = this.find('subscription', ref.key)
    if (known === undefined) {
      const backlog = this.find('backlog', subscription.topic)
      if (backlog === undefined) return this.#make('subscription', ref, subscription)
      return this.#takeOver(backlog, ref, subscription)
    }
    if (!known.subscribed) {
      await this.#store.run(() => this.#setSubscribed.run(1, known.line.number))
      known.subscribed = true
    }
    return known
  }

  unsubscribe(subscription: Subscription): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.find('subscription', subscriptionQueue(subscription).key)
      if (known === undefined || !known.subscribed) return
      await this.#store.run(() => this.#setSubscribed.run(0, known.line.number))
      known.subscribed = false
      known.line.isDeclared = false
      await this.#forgetEmpty(known)
    })
  }

  retire(ref: QueueRef): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.find(ref.kind, ref.key)
      if (known === undefined) return
      known.line.isDeclared = false
      await this.#forgetEmpty(known)
    })
  }

  async setPaused(known: KnownQueue, paused: boolean): Promise<void> {
    await this.#store.run(() => this.#setPaused.run(paused ? 1 : 0, known.line.number), {
      committed: () => known.line.setPaused(paused),
    })
  }

  async #forgetEmpty(known: KnownQueue): Promise<void> {
    const { line } = known
    if (!line.isEmpty || line.isConsumed || line.isPaused) return
    this.#queues[known.kind].delete(known.key)
    await this.#store.run(() => {
      this.#remove.run(line.number)
      this.#removeLanes.run(line.number)
      this.#removeKeys.run(line.number)
      this.#settings.forget(line.number)
    })
    line.close()
    for (const { number } of line.lanes) this.#usedLanes.delete(number)
  }

  async #make(kind: LineKind, ref: QueueRef, subscription: Subscription | undefined): Promise<KnownQueue> {
    const number = ++this.#lastNumber
    const { functionId = null, namespace = null } = subscription ?? {}
    const subscribed = subscription === undefined ? 0 : 1
    await this.#store.run(() =>
      this.#insert.run(number, nameOf(kind, ref.key), kind, ref.name, functionId, namespace, subscribed),
    )
    return this.#know(number, kind, ref, false, [], subscription, subscription !== undefined)
  }

  async #takeOver(backlog: KnownQueue, ref: QueueRef, subscription: Subscription): Promise<KnownQueue> {
    const { functionId, namespace } = subscription
    const kind = 'subscription'
    const name = nameOf(kind, ref.key)
    await this.#store.run(() => this.#become.run(name, kind, ref.name, functionId, namespace, backlog.line.number), {
      committed: () => {
        this.#subscribers.clear()
        this.#queues.backlog.delete(backlog.key)
        Object.assign(backlog, { kind, key: ref.key, subscription, subscribed: true })
        backlog.line.ref = ref
        this.#queues[kind].set(ref.key, backlog)
      },
    })
    return backlog
  }

  #know(
    number: number,
    kind: LineKind,
    ref: QueueRef,
    paused: boolean,
    lanes: readonly Lane[],
    subscription: Subscription | undefined,
    subscribed: boolean,
  ): KnownQueue {
    const line = new QueueLine(
      { number, ref, paused, lanes },
      { ...this.#deps, openLane: (_queue, priority) => this.#openLane(priority) },
    )
    const known: KnownQueue = { line, kind, key: ref.key, subscription, subscribed }
    this.#queues[kind].set(ref.key, known)
    return known
  }

  #openLane(priority: number): Lane {
    if (this.#usedLanes.size >= MAX_LANES) {
      throw new CodedError(
        'queue_full',
        `There are ${MAX_LANES} queues and priorities, more are not possible. Use fewer priorities, or remove queues and subscriptions.`,
      )
    }
    do this.#lastLane = (this.#lastLane % MAX_LANES) + 1
    while (this.#usedLanes.has(this.#lastLane))
    this.#usedLanes.add(this.#lastLane)
    return new Lane({ number: this.#lastLane, priority, isKnown: false }, this.#tables)
  }

  #read(database: DatabaseSync): void {
    const lanes = new Map<number, Lane[]>()
    for (const row of database.prepare('SELECT number, queue, priority FROM lane').all()) {
      const { number, queue, priority } = row as { number: number; queue: number; priority: number }
      const lane = new Lane({ number, priority, isKnown: true }, this.#tables)
      lanes.set(queue, [...(lanes.get(queue) ?? []), lane])
      this.#usedLanes.add(number)
    }
    for (const row of database.prepare('SELECT * FROM queue ORDER BY number').all()) {
      const { number, kind, name, paused, function_id: functionId, namespace, subscribed } = row as unknown as QueueRow
      const key = row['key'] as string
      const ref: QueueRef = {
        kind: kind === 'named' ? 'named' : 'subscription',
        key: key.slice(kind.length + 1),
        name,
      }
      const subscription =
        functionId === null || namespace === null ? undefined : { topic: name, functionId, namespace }
      const known = this.#know(number, kind, ref, paused === 1, lanes.get(number) ?? [], subscription, subscribed === 1)
      if (subscription !== undefined) known.line.settings = this.#settings.of(number)
      this.#lastNumber = Math.max(this.#lastNumber, number)
    }
  }

  #inTurn<T>(change: () => T | Promise<T>): Promise<T> {
    const changed = async (): Promise<T> => {
      try {
        return await change()
      } finally {
        this.#subscribers.clear()
      }
    }
    const next = this.#turn.then(changed, changed)
    this.#turn = next.catch(() => {})
    return next
  }
}

interface QueueRow {
  readonly number: number
  readonly kind: LineKind
  readonly name: string
  readonly paused: number
  readonly function_id: string | null
  readonly namespace: string | null
  readonly subscribed: number
}

function nameOf(kind: LineKind, key: string): string {
  return `${kind} ${key}`
}
