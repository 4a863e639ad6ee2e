// One join of a client, and how far in the history its connection has got what belongs to it.
import type { StreamEvent } from '../event.ts'

export class Subscription {
  readonly id: string
  readonly stream: string
  readonly group: string
  /** null = all of the group. */
  readonly item: string | null
  /** Leave handlers are being run for it. */
  leaving = false
  /** Infinite while it is live: then it is told. */
  #reached = -1

  constructor(id: string, stream: string, group: string, item: string | null) {
    this.id = id
    this.stream = stream
    this.group = group
    this.item = item
  }

  get live(): boolean {
    return this.#reached === Infinity
  }

  /** Offset up to which it got everything. */
  get reached(): number {
    return this.#reached
  }

  get characters(): number {
    return this.id.length + this.stream.length + this.group.length + (this.item?.length ?? 0)
  }

  matches(item: string | null): boolean {
    return this.item === null || this.item === item
  }

  /** It is owed what comes after the offset. */
  beginAt(offset: number): void {
    this.#reached = offset
  }

  /** What it was owed up to the offset was delivered. */
  advanceTo(offset: number): void {
    if (offset > this.#reached) this.#reached = offset
  }

  goLive(): void {
    this.#reached = Infinity
  }

  /** No longer live, if it was; up to the offset everything was delivered. */
  suspendAt(offset: number): void {
    if (this.live) this.#reached = offset
  }

  isOwed({ item, position }: StreamEvent): boolean {
    return this.matches(item) && position !== undefined && position.offset > this.#reached
  }
}
