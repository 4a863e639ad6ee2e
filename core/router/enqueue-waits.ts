// Bounds how long a publisher waits for the queue to take its job. All have the same time and begin one after the other, so one timer serves them.
import type { Call } from '../model/call.ts'

/** How long the queue may take to accept a job (spec 01 §9.6). */
export const ENQUEUE_MS = 30_000

interface Wait {
  readonly call: Call
  readonly until: number
}

export class EnqueueWaits {
  readonly #late: (call: Call) => void
  readonly #ms: number
  readonly #waits = new Set<Wait>()
  #timer: NodeJS.Timeout | undefined

  /** @param late told of a call whose time is over */
  constructor(late: (call: Call) => void, ms: number = ENQUEUE_MS) {
    this.#late = late
    this.#ms = ms
  }

  /** The returned function ends the wait; false: its time was over already. */
  begin(call: Call): () => boolean {
    const wait: Wait = { call, until: performance.now() + this.#ms }
    this.#waits.add(wait)
    if (this.#timer === undefined) this.#startTimer(this.#ms)
    return () => this.#waits.delete(wait)
  }

  #startTimer(ms: number): void {
    this.#timer = setTimeout(this.#sweep, ms)
    this.#timer.unref()
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (const wait of this.#waits) {
      if (wait.until > now) {
        this.#startTimer(wait.until - now)
        return
      }
      this.#waits.delete(wait)
      this.#late(wait.call)
    }
  }
}
