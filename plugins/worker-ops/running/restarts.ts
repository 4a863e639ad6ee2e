// When a worker that ended is started again (spec 05 B.5): ever later, and not when it ends over and over.
import { backOffMs } from '../../../base/time/back-off.ts'
import type { Clock } from '../../../base/time/clock.ts'

export const RESTART_LIMITS = {
  firstMs: 1_000,
  longestMs: 30_000,
  /** A worker that has run for so long was well: its waits begin anew. */
  wellAfterMs: 60_000,
  /** So many ends within `withinMs`, and it is given up. */
  crashes: 10,
  withinMs: 5 * 60_000,
}

export class Restarts {
  readonly #clock: Clock
  readonly #limits: typeof RESTART_LIMITS
  /** Moments of the latest ends. */
  #ends: number[] = []
  #failures = 0

  constructor(clock: Clock, limits = RESTART_LIMITS) {
    this.#clock = clock
    this.#limits = limits
  }

  /** @returns milliseconds until it is started again; undefined: it is given up. */
  ended(ranMs: number): number | undefined {
    const { wellAfterMs, withinMs, crashes } = this.#limits
    const now = this.#clock.passed()
    if (ranMs >= wellAfterMs) this.#failures = 0
    this.#failures++
    this.#ends = [...this.#ends.filter((at) => now - at < withinMs), now]
    return this.#ends.length >= crashes ? undefined : backOffMs(this.#failures, this.#limits)
  }

  /** Somebody wants it to run: what was counts no more. */
  reset(): void {
    this.#ends = []
    this.#failures = 0
  }
}
