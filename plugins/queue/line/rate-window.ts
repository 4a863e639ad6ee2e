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
    const ahead = this.#latest - now
    // The clock was set back: the latest start counts as now, so that nothing is held up for longer than the time of the limit.
    if (ahead > 0) for (let index = 0; index < this.#starts.length; index++) this.#starts[index]! -= ahead
    return Math.max(0, this.#starts[this.#oldest]! + this.#limit.perMs - now)
  }

  get #latest(): number {
    return this.#starts.at(this.#oldest - 1)!
  }

  started(now: number): void {
    this.#starts[this.#oldest] = now
    this.#oldest = (this.#oldest + 1) % this.#starts.length
  }
}
