// A warning that repeats at most once per interval, and then says how many it left out. For what may go wrong on every event.
import { IntervalLimit } from './interval-limit.ts'

/** Settings of `LimitedWarning`. */
export interface LimitedWarningOptions {
  /** Default 1,000. */
  readonly intervalMs?: number
  /** As of `IntervalLimit`. */
  readonly now?: (() => number) | undefined
}

/** A warning that repeats at most once per interval. */
export class LimitedWarning {
  readonly #write: (message: string, data: Record<string, unknown>) => void
  readonly #limit: IntervalLimit

  constructor(write: (message: string, data: Record<string, unknown>) => void, options: LimitedWarningOptions = {}) {
    this.#write = write
    this.#limit = new IntervalLimit(options.intervalMs ?? 1_000, options.now)
  }

  warn(message: string, data: Record<string, unknown> = {}): void {
    const heldBack = this.#limit.pass()
    if (heldBack !== undefined) this.#write(message, heldBack === 0 ? data : { ...data, not_logged_before: heldBack })
  }
}
