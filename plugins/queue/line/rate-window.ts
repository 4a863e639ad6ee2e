// How many deliveries may start within a sliding time. Kept in memory: after a restart the time begins anew.
import type { RateLimit } from '../settings.ts'

export class RateWindow {
  readonly #limit: RateLimit
  /** When the latest deliveries started, the oldest of them at `#oldest`. */
  readonly #starts: Float64Array
  #oldest = 0

  constructor(limit: RateLimit) {
    this.#limit = limit
    this.#starts = new Float64Array(limit.max).fill(-Infinity)
  }

  get limit(): RateLimit {
    return this.#limit
  }

  /** Milliseconds until the next delivery may start; 0 = now. */
  waitMs(now: number): number {
    const free = this.#starts[this.#oldest]! + this.#limit.perMs
    // A clock that was set back must not hold anything up for longer than the time of the limit.
    return Math.max(0, Math.min(free - now, this.#limit.perMs))
  }

  started(now: number): void {
    this.#starts[this.#oldest] = now
    this.#oldest = (this.#oldest + 1) % this.#starts.length
  }
}
