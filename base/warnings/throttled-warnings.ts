// Warnings that a flood could raise: counted, and logged at most once per second and subject.

/** The part of a log that warnings need. */
export interface WarningLog {
  warn(message: string, data?: unknown): void
}

const PERIOD_MS = 1000
/** Beyond this many subjects at once further ones share one line. */
const MAX_SUBJECTS = 1000

export class ThrottledWarnings {
  readonly #log: WarningLog
  readonly #subjects = new Map<string, { count: number; loggedAt: number }>()
  #total = 0

  constructor(log: WarningLog) {
    this.#log = log
  }

  /** How many times anything was counted. */
  get total(): number {
    return this.#total
  }

  count(subject: string, message: string, data: Record<string, unknown>): void {
    this.#total++
    const key = this.#subjects.has(subject) || this.#subjects.size < MAX_SUBJECTS ? subject : 'others'
    const now = performance.now()
    let known = this.#subjects.get(key)
    if (known === undefined) {
      known = { count: 0, loggedAt: -Infinity }
      this.#subjects.set(key, known)
    }
    known.count++
    if (now - known.loggedAt < PERIOD_MS) return
    this.#log.warn(message, { ...data, times: known.count })
    known.count = 0
    known.loggedAt = now
    this.#forgetOld(now)
  }

  #forgetOld(now: number): void {
    if (this.#subjects.size < MAX_SUBJECTS) return
    for (const [key, { loggedAt }] of this.#subjects) if (now - loggedAt > 60_000) this.#subjects.delete(key)
  }
}
