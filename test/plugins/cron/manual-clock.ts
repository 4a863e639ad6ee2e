// A clock that stands still until it is moved. What it shows and how much time passes are two things: it can be set, too.
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../base/time/clock.ts'

interface Task {
  readonly at: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  /** Milliseconds that timers fire too early, as Node's may. */
  early = 0
  /** Timers that ran. */
  wakes = 0
  /** Longest time that was asked for. */
  longest = 0
  #passed = 0
  #shown: number
  #tasks: Task[] = []

  constructor(start: string) {
    this.#shown = Date.parse(start)
  }

  now(): number {
    return this.#shown
  }

  after(ms: number, run: () => void): () => void {
    this.longest = Math.max(this.longest, ms)
    // Node rounds up to a millisecond.
    const wait = this.early === 0 ? Math.max(0, ms) : Math.max(1, ms) - this.early
    const task = { at: this.#passed + wait, run }
    this.#tasks.push(task)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task)
    }
  }

  get waiting(): number {
    return this.#tasks.length
  }

  /** Lets time pass, and what is due happen in its order; what that causes within the process too. */
  async pass(ms: number): Promise<void> {
    const until = this.#passed + ms
    for (;;) {
      await settled()
      const next = this.#tasks.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0]
      if (next === undefined) break
      this.#move(Math.max(next.at, this.#passed))
      this.#tasks = this.#tasks.filter((other) => other !== next)
      this.wakes++
      next.run()
    }
    this.#move(until)
  }

  /** Sets what it shows; no time passes. */
  set(time: string): void {
    this.#shown = Date.parse(time)
  }

  #move(to: number): void {
    this.#shown += to - this.#passed
    this.#passed = to
  }
}

/** Calls within the process, their answers, and what follows from them. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await turn()
}
