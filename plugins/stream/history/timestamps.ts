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
  /**
   * Items stamped with exactly `#latest`, by name, with their group or groups; all others have an earlier timestamp, so nothing
   * else need be remembered. Not by one text for all three: putting that together was the dearest part.
   */
  readonly #items = new Map<string, string | Set<string>>()
  #count = 0
  #latest: number

  constructor({ after = 0, now = Date.now, maxItems = MAX_ITEMS }: TimestampsOptions = {}) {
    this.#now = now
    this.#maxItems = maxItems
    // Which items have the newest one is not known any more.
    this.#latest = after + 1
  }

  /** @param scope names stream and group as one */
  next(scope: string, item: string): number {
    const now = this.#now()
    let known = this.#items.get(item)
    if (now > this.#latest || this.#count >= this.#maxItems || isIn(scope, known)) {
      this.#latest = Math.max(now, this.#latest + 1)
      this.#items.clear()
      this.#count = 0
      known = undefined
    }
    this.#count++
    if (known === undefined) this.#items.set(item, scope)
    else if (typeof known === 'string') this.#items.set(item, new Set([known, scope]))
    else known.add(scope)
    return this.#latest
  }
}

function isIn(scope: string, known: string | Set<string> | undefined): boolean {
  return typeof known === 'object' ? known.has(scope) : known === scope
}
