// All subscriptions of one connection to one (stream, group): decides in which audiences the connection is, so that it is told
// of each event once, however many of them match (spec 02 §6.5, Ours).
import type { StreamEvent } from '../event.ts'
import type { Audience, StreamGroup, Subscriber } from './audience.ts'
import type { Subscription } from './subscription.ts'

export class Interest {
  readonly group: StreamGroup
  readonly #subscriber: Subscriber
  readonly #subscriptions = new Set<Subscription>()
  /** Items of whose audiences it is a member. */
  #items: string[] = []

  constructor(group: StreamGroup, subscriber: Subscriber) {
    this.group = group
    this.#subscriber = subscriber
  }

  get isEmpty(): boolean {
    return this.#subscriptions.size === 0
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription)
    this.#place()
  }

  remove(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
    this.#place()
  }

  /** Everything that was owed has been delivered: from now on they are told. */
  goLive(): void {
    for (const subscription of this.#subscriptions) subscription.goLive()
    this.#place()
  }

  /**
   * While one of them is brought up to date the others are not told either: what comes meanwhile goes out once, in order, and a
   * client that is cut off in between does not resume behind something it has not got.
   */
  suspendAt(offset: number): void {
    for (const subscription of this.#subscriptions) subscription.suspendAt(offset)
    this.#place()
  }

  /** More than one subscription. */
  get isShared(): boolean {
    return this.#subscriptions.size > 1
  }

  /** The item that all of them are about, null when they are about more than one. */
  get scope(): string | null {
    let scope: string | null | undefined
    for (const { item } of this.#subscriptions) {
      if (scope !== undefined && scope !== item) return null
      scope = item
    }
    return scope ?? null
  }

  isOwed(event: StreamEvent): boolean {
    for (const subscription of this.#subscriptions) if (subscription.isOwed(event)) return true
    return false
  }

  /** Offset up to which all of them got everything. */
  get reached(): number {
    return Math.min(...[...this.#subscriptions].map(({ reached }) => reached))
  }

  advanceTo(offset: number): void {
    for (const subscription of this.#subscriptions) subscription.advanceTo(offset)
  }

  #place(): void {
    this.#leaveAll()
    const all = [...this.#subscriptions]
    if (all.some(({ item, live }) => item === null && live)) {
      this.group.whole.live.add(this.#subscriber)
      return
    }
    const isPullingAll = all.some(({ item }) => item === null)
    if (isPullingAll) this.group.whole.pulling.add(this.#subscriber)
    for (const { item, live } of all) {
      if (item === null || (!live && isPullingAll)) continue
      const audience = this.group.openItem(item)
      // Two subscriptions may name one item: told once, and live if one of them is.
      if (live) {
        audience.live.add(this.#subscriber)
        audience.pulling.delete(this.#subscriber)
      } else if (!audience.live.has(this.#subscriber)) {
        audience.pulling.add(this.#subscriber)
      }
      this.#items.push(item)
    }
  }

  #leaveAll(): void {
    const leave = ({ live, pulling }: Audience): void => {
      live.delete(this.#subscriber)
      pulling.delete(this.#subscriber)
    }
    leave(this.group.whole)
    for (const item of this.#items) {
      const audience = this.group.item(item)
      if (audience !== undefined) leave(audience)
      this.group.closeItemIfEmpty(item)
    }
    this.#items = []
  }
}
