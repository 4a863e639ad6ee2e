// The stages of operations, kept for a while, so that whoever asks again and again misses none: the command line shows them.
import type { WorkerEvent } from '../events.ts'

export const EVENT_LIMITS = {
  /** Events that are kept. */
  kept: 500,
  /** Of one answer. */
  page: 200,
  /** Callers that wait at a time. */
  waiting: 64,
}

export interface EventPage {
  readonly events: readonly WorkerEvent[]
  /** For the next page. */
  readonly next: number
  /** Events that came and went between the pages. */
  readonly missed: number
}

export class EventTail {
  readonly #events: WorkerEvent[] = []
  /** Number of the first event that is kept. */
  #first = 0
  readonly #waiting = new Set<() => void>()

  add(event: WorkerEvent): void {
    this.#events.push(event)
    if (this.#events.length > EVENT_LIMITS.kept) {
      this.#events.shift()
      this.#first++
    }
    for (const wake of this.#waiting) wake()
  }

  /** @param after `next` of the page before; undefined = none of those that have been. */
  async page(after: number | undefined, waitMs: number): Promise<EventPage> {
    const last = this.#first + this.#events.length
    // A number that is not reached yet is that of another run of the plugin.
    const from = after === undefined ? last : after > last ? this.#first : after
    if (from === last && after !== undefined && waitMs > 0 && this.#waiting.size < EVENT_LIMITS.waiting)
      await this.#news(waitMs)
    const begin = Math.max(from, this.#first)
    const events = this.#events.slice(begin - this.#first, begin - this.#first + EVENT_LIMITS.page)
    return { events, next: begin + events.length, missed: begin - from }
  }

  #news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
    })
  }

  /** Whoever waits is answered. */
  close(): void {
    for (const wake of this.#waiting) wake()
  }
}
