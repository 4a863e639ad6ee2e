// Bounds how long a publisher waits for the queue to take its job. All have the same time and begin one after the other, so one timer
// serves them, and they stand in a list in the order in which their times end.

/** How long the queue may take to accept a job (spec 01 §9.6). */
export const ENQUEUE_MS = 30_000

/** Whoever waits carries its place in the list: nothing is allocated for it. */
export interface Waiting<Self> {
  /** 0: does not wait. */
  until: number
  previous: Self | undefined
  next: Self | undefined
}

export class EnqueueWaits<Wait extends Waiting<Wait>> {
  readonly #late: (wait: Wait) => void
  readonly #ms: number
  #first: Wait | undefined
  #last: Wait | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param late told of one whose time is over */
  constructor(late: (wait: Wait) => void, ms: number = ENQUEUE_MS) {
    this.#late = late
    this.#ms = ms
  }

  begin(wait: Wait): void {
    // Rounded up: a whole number takes no memory of its own.
    wait.until = Math.ceil(performance.now() + this.#ms)
    wait.previous = this.#last
    if (this.#last === undefined) this.#first = wait
    else this.#last.next = wait
    this.#last = wait
    if (this.#timer === undefined) this.#startTimer(this.#ms)
  }

  /** False: its time was over already. */
  end(wait: Wait): boolean {
    if (wait.until === 0) return false
    const { previous, next } = wait
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    wait.until = 0
    wait.previous = wait.next = undefined
    return true
  }

  #startTimer(ms: number): void {
    this.#timer = setTimeout(this.#sweep, ms)
    this.#timer.unref()
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (let wait = this.#first; wait !== undefined; wait = this.#first) {
      if (wait.until > now) {
        this.#startTimer(wait.until - now)
        return
      }
      this.end(wait)
      this.#late(wait)
    }
  }
}
