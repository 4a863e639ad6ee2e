// One join of a client, and which part of the history its connection has got for it.
import type { StreamEvent } from '../event.ts'

export class Subscription {
  readonly id: string
  readonly stream: string
  readonly group: string
  /** null = all of the group. */
  readonly item: string | null
  /** It is being brought up to date from a position that the client gave. */
  resumes = false
  /** Leave handlers are being run for it. */
  leaving = false
  /** Events after the first and up to the second offset were delivered; the second is infinite while it is live. */
  #after = -1
  #upTo = -1

  constructor(id: string, stream: string, group: string, item: string | null) {
    this.id = id
    this.stream = stream
    this.group = group
    this.item = item
  }

  get live(): boolean {
    return this.#upTo === Infinity
  }

  /** Infinite while it is live. */
  get reached(): number {
    return this.#upTo
  }

  get characters(): number {
    return this.id.length + this.stream.length + this.group.length + (this.item?.length ?? 0)
  }

  matches(item: string | null): boolean {
    return this.item === null || this.item === item
  }

  /** Nothing is delivered yet; what comes after the offset is owed. */
  beginAt(offset: number): void {
    this.#after = this.#upTo = offset
  }

  /** What it was owed up to the offset was delivered. */
  advanceTo(offset: number): void {
    if (offset > this.#upTo) this.#upTo = offset
  }

  goLive(): void {
    this.resumes = false
    this.#upTo = Infinity
  }

  /** No longer live; up to the offset everything was delivered. */
  suspendAt(offset: number): void {
    if (this.live) this.#upTo = offset
  }

  isOwed({ item, position }: StreamEvent): boolean {
    return this.matches(item) && position !== undefined && position.offset > this.#upTo
  }

  hasGot({ item, position }: StreamEvent): boolean {
    return (
      this.matches(item) && position !== undefined && position.offset > this.#after && position.offset <= this.#upTo
    )
  }
}
