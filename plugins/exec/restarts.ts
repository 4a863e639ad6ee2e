// When the last command of an entry is started again after it has failed: ever later, and not without end.
import { BackOff } from '../../base/time/back-off.ts'

/** Default of `max_restarts`. */
export const MAX_RESTARTS = 10
/** Wait before the first restart; it doubles. */
export const FIRST_WAIT_MS = 500
export const LONGEST_WAIT_MS = 30_000
/** A command that has run for so long was well: its failures are counted anew. */
export const WELL_AFTER_MS = 10_000

export class Restarts {
  readonly #max: number
  readonly #waits = new BackOff({ firstMs: FIRST_WAIT_MS, longestMs: LONGEST_WAIT_MS })

  constructor(max: number) {
    this.#max = max
  }

  /** @returns milliseconds until it is started again; undefined: it is given up. */
  failed(ranMs: number): number | undefined {
    if (ranMs >= WELL_AFTER_MS) this.#waits.succeeded()
    return this.#waits.failures >= this.#max ? undefined : this.#waits.failed()
  }
}
