// Lets one event through per interval, and counts the others.

export class IntervalLimit {
  readonly #intervalMs: number
  readonly #now: () => number
  #lastMs = -Infinity
  #heldBack = 0

  /** @param now a clock in milliseconds. Default: one that is never set back. One that is lets the next event through. */
  constructor(intervalMs: number, now: () => number = () => performance.now()) {
    this.#intervalMs = intervalMs
    this.#now = now
  }

  /** How many were held back since the last one that passed; undefined when this one is held back as well. */
  pass(): number | undefined {
    // Below zero the clock was set back: to wait until it has caught up would be to be silent for as long as it was ahead.
    if (this.idleMs >= 0 && this.idleMs < this.#intervalMs) {
      this.#heldBack++
      return undefined
    }
    const heldBack = this.#heldBack
    this.#lastMs = this.#now()
    this.#heldBack = 0
    return heldBack
  }

  /** Since the last one that passed. */
  get idleMs(): number {
    return this.#now() - this.#lastMs
  }
}
