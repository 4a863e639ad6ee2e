// How often a plugin may crash before it is given up, and how long its restart waits (spec 09 §5). Pure bookkeeping.

export interface CrashBudgetOptions {
  /** Crashes within the window after which the plugin is `failed`. Default 3. */
  readonly crashes: number
  /** Default 5 minutes. */
  readonly windowMs: number
  /** Wait before the first restart; doubles with each crash in the window. Default 100. */
  readonly backoffMs: number
  /** Default 10 s. */
  readonly backoffCapMs: number
}

export const CRASH_BUDGET_DEFAULTS: CrashBudgetOptions = {
  crashes: 3,
  windowMs: 5 * 60_000,
  backoffMs: 100,
  backoffCapMs: 10_000,
}

export type CrashVerdict = { readonly restartInMs: number } | 'failed'

export class CrashBudget {
  readonly #options: CrashBudgetOptions
  #crashes: number[] = []

  constructor(options: Partial<CrashBudgetOptions> = {}) {
    this.#options = { ...CRASH_BUDGET_DEFAULTS, ...options }
  }

  /** Counts a crash and says what follows. `now`: milliseconds by a clock that nobody sets. */
  crashed(now: number): CrashVerdict {
    const { crashes, windowMs, backoffMs, backoffCapMs } = this.#options
    this.#crashes = this.#crashes.filter((at) => now - at < windowMs)
    this.#crashes.push(now)
    if (this.#crashes.length >= crashes) return 'failed'
    return { restartInMs: Math.min(backoffCapMs, backoffMs * 2 ** (this.#crashes.length - 1)) }
  }

  /** New code or configuration starts with a clean slate. */
  reset(): void {
    this.#crashes = []
  }
}
