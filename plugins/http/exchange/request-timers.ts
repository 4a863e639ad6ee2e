// The time limit of requests. All of them have the same one and expire in the order in which they began, so one timer serves them all.
import type { Clock } from '../../../base/time/clock.ts'
import { Roster } from '../../../base/values/roster.ts'

export interface Timed {
  /** On the clock of `RequestTimers`; set by `start`. */
  deadline: number
  /** Kept by `RequestTimers`; -1 at first. */
  timedAt: number
  expired(): void
}

export class RequestTimers {
  readonly #clock: Clock
  readonly #running = new Roster<Timed, 'timedAt'>('timedAt')
  #limitMs: number
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
    // What began before ends later than what begins now, perhaps: from here on the timer goes by whoever is the next.
    if (this.#running.size > 0) this.#schedule()
  }

  start(timed: Timed): void {
    timed.deadline = this.#clock.passed() + this.#limitMs
    this.#running.add(timed)
    this.#cancel ??= this.#clock.after(this.#limitMs, this.#sweep)
  }

  stop(timed: Timed): void {
    this.#running.delete(timed)
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#running.clear()
  }

  readonly #sweep = (): void => {
    this.#cancel = undefined
    const now = this.#clock.passed()
    for (const timed of this.#running) {
      // One that ended may have ended another.
      if (timed.deadline <= now && this.#running.delete(timed)) timed.expired()
    }
    if (this.#running.size > 0) this.#schedule()
  }

  #schedule(): void {
    let next = Infinity
    for (const { deadline } of this.#running) next = Math.min(next, deadline)
    this.#cancel?.()
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(next - this.#clock.passed())), this.#sweep)
  }
}
