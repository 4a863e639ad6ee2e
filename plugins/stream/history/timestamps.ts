// The timestamps of events (spec 02 §6.5): whole milliseconds, never decreasing, and strictly increasing per item, by which
// clients tell newer from older.

/** Items remembered for one millisecond. Beyond it time runs ahead by one, so that distinct items cannot fill the memory either. */
const MAX_ITEMS = 1_024

export interface TimestampsOptions {
  /** The newest timestamp given out before, by an earlier run. Default: none. */
  readonly after?: number
  readonly now?: () => number
  /** Default 1,024. */
  readonly maxItems?: number
}

export class Timestamps {
  readonly #now: () => number
  readonly #maxItems: number
  /** Items stamped with exactly `#latest`; all others have an earlier one, so nothing else need be remembered. */
  readonly #items = new Set<string>()
  #latest: number

  constructor({ after = 0, now = Date.now, maxItems = MAX_ITEMS }: TimestampsOptions = {}) {
    this.#now = now
    this.#maxItems = maxItems
    // Which items have the newest one is not known any more.
    this.#latest = after + 1
  }

  /** `item` names stream, group and item as one. */
  next(item: string): number {
    const now = this.#now()
    if (now > this.#latest) this.#advance(now)
    else if (this.#items.has(item) || this.#items.size >= this.#maxItems) this.#advance(this.#latest + 1)
    this.#items.add(item)
    return this.#latest
  }

  #advance(to: number): void {
    this.#latest = to
    this.#items.clear()
  }
}
