// A warning that repeats at most once per interval, and then says how many it left out. For what may go wrong on every event.

export interface LimitedWarningOptions {
  /** Default 1,000. */
  readonly intervalMs?: number
  readonly now?: () => number
}

export class LimitedWarning {
  readonly #write: (message: string, data: Record<string, unknown>) => void
  readonly #intervalMs: number
  readonly #now: () => number
  #last = -Infinity
  #suppressed = 0

  constructor(write: (message: string, data: Record<string, unknown>) => void, options: LimitedWarningOptions = {}) {
    this.#write = write
    this.#intervalMs = options.intervalMs ?? 1_000
    this.#now = options.now ?? Date.now
  }

  warn(message: string, data: Record<string, unknown> = {}): void {
    const now = this.#now()
    if (now - this.#last < this.#intervalMs) {
      this.#suppressed++
      return
    }
    const left = this.#suppressed
    this.#last = now
    this.#suppressed = 0
    this.#write(message, left === 0 ? data : { ...data, not_logged_before: left })
  }
}
