// The runs of an entry, never two at once: another one begins when the one before has ended, and asking for it while that takes its time
// is not forgotten.
import type { Run } from './run.ts'

export class Runs {
  readonly #begin: () => Run
  #current: Run | undefined
  #isWanted = false
  #isClosed = false
  /** Settled while no change is under way. */
  #change: Promise<void> | undefined

  /** @param begin begins a run with what counts now */
  constructor(begin: () => Run) {
    this.#begin = begin
  }

  /** Ends the run that is under way, within the grace, and begins another. */
  again(graceMs: number): void {
    this.#isWanted = true
    this.#change ??= this.#carryOut(graceMs)
  }

  /** Ends the run that is under way, within the grace; none begins any more. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    await this.#current?.end(graceMs)
    await this.#change
  }

  async #carryOut(graceMs: number): Promise<void> {
    try {
      while (this.#isWanted && !this.#isClosed) {
        await this.#current?.end(graceMs)
        if (this.#isClosed) return
        // Whatever was asked for until now, this run does.
        this.#isWanted = false
        this.#current = this.#begin()
      }
    } finally {
      // In the same step as the last look at what is wanted: what is asked for right after it begins another change.
      this.#change = undefined
    }
  }
}
