// The time limit of requests. All of them have the same one and expire in the order in which they began, so one timer serves them all.
import type { Clock } from '../../../base/time/clock.ts'
import { Roster } from '../../../base/values/roster.ts'

export interface Timed {
  /** On the clock of `RequestTimers`; set by `start`. */
  deadline: number
  /** That was in force when it began; set by `start`. */
  limitMs: number
  /** Kept by `RequestTimers`; -1 at first. */
  timedAt: number
  expired(): void
}

export class RequestTimers {
  readonly #clock: Clock
  readonly #running = new Roster<Timed, 'timedAt'>('timedAt')
  #limitMs: number
  /** When the timer looks. */
  #looksAt = Infinity
  #cancel: (() => void) | undefined

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  get limitMs(): number {
    return this.#limitMs
  }

  /** For requests that begin from now on. */
  set limitMs(ms: number) {
    this.#limitMs = ms
  }

  start(timed: Timed): void {
    timed.limitMs = this.#limitMs
    timed.deadline = this.#clock.passed() + this.#limitMs
    this.#running.add(timed)
    // Later than whoever is waited for, unless the limit has become shorter.
    if (timed.deadline < this.#looksAt) this.#lookAt(timed.deadline)
  }

  stop(timed: Timed): void {
    this.#running.delete(timed)
  }

  close(): void {
    this.#cancel?.()
    this.#looksAt = Infinity
    this.#running.clear()
  }

  readonly #sweep = (): void => {
    this.#looksAt = Infinity
    const now = this.#clock.passed()
    let next = Infinity
    for (const timed of this.#running) {
      if (timed.deadline > now) next = Math.min(next, timed.deadline)
      // One that ended may have ended another.
      else if (this.#running.delete(timed)) timed.expired()
    }
    if (next < this.#looksAt) this.#lookAt(next)
  }

  #lookAt(deadline: number): void {
    this.#cancel?.()
    this.#looksAt = deadline
    // Timers take whole milliseconds.
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(deadline - this.#clock.passed())), this.#sweep)
  }
}
