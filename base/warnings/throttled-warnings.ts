// Warnings that a flood could raise: counted, and logged at most once per second and subject.
import { IntervalLimit } from './interval-limit.ts'

/** The part of a log that warnings need. */
export interface WarningLog {
  warn(message: string, data?: unknown): void
}

const PERIOD_MS = 1000
const FORGOTTEN_AFTER_MS = 60_000
/** Beyond this many subjects at once further ones share one line. */
const MAX_SUBJECTS = 1000
/** Longer ones are cut: both may hold what a peer has sent. */
const MAX_SUBJECT_CHARACTERS = 200
const MAX_MESSAGE_CHARACTERS = 1000

export class ThrottledWarnings {
  readonly #log: WarningLog
  readonly #subjects = new Map<string, IntervalLimit>()
  #total = 0

  constructor(log: WarningLog) {
    this.#log = log
  }

  /** How many times anything was counted. */
  get total(): number {
    return this.#total
  }

  count(about: string, message: string, data: Record<string, unknown>): void {
    this.#total++
    const subject = cut(about, MAX_SUBJECT_CHARACTERS)
    const key = this.#subjects.has(subject) || this.#subjects.size < MAX_SUBJECTS ? subject : 'others'
    const limit = this.#subjects.get(key) ?? new IntervalLimit(PERIOD_MS)
    this.#subjects.set(key, limit)
    const heldBack = limit.pass()
    if (heldBack === undefined) return
    this.#log.warn(cut(message, MAX_MESSAGE_CHARACTERS), { ...data, times: heldBack + 1 })
    this.#forgetOld()
  }

  #forgetOld(): void {
    if (this.#subjects.size < MAX_SUBJECTS) return
    for (const [key, { idleMs }] of this.#subjects) if (idleMs > FORGOTTEN_AFTER_MS) this.#subjects.delete(key)
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
