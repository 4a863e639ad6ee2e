// A clock that stands still until it is moved.
import type { Clock } from '../../../base/time/clock.ts'

export class ManualClock implements Clock {
  #now = 1_000_000
  #tasks: { at: number; task: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Runs what is due on the way, in order of time. */
  move(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const due = this.#tasks.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#now = due.at
      this.#tasks = this.#tasks.filter((other) => other !== due)
      due.task()
    }
    this.#now = until
  }
}
