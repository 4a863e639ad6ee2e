// A clock that stands still until it is moved. What it shows and how much time passes are two things: it can be set, too.
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../base/time/clock.ts'

interface Task {
  /** In time that has passed. */
  readonly at: number
  readonly run: () => void
}

/** For plugins that are handed a clock instead of looking at the time themselves. */
export class ManualClock implements Clock {
  #shown: number
  #passed = 0
  #tasks: Task[] = []

  /** @param start what it shows at first: milliseconds since the epoch, or a time in ISO 8601. Default: 2026 begins. */
  constructor(start: number | string = '2026-01-01T00:00:00.000Z') {
    this.#shown = new Date(start).getTime()
  }

  now(): number {
    return this.#shown
  }

  passed(): number {
    return this.#passed
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#passed + Math.max(0, ms), run: task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Tasks that wait for their time. */
  get waiting(): number {
    return this.#tasks.length
  }

  /** Sets what it shows; no time passes, and nothing becomes due. */
  set(time: number | string): void {
    this.#shown = new Date(time).getTime()
  }

  /** Lets time pass at once: runs what is due on the way, in order of time. */
  move(ms: number): void {
    const until = this.#passed + ms
    for (let task = this.#takeDue(until); task !== undefined; task = this.#takeDue(until)) task.run()
    this.#moveTo(until)
  }

  /** As `move`; what the tasks cause within this process, calls and their answers included, has happened when it resolves. */
  async pass(ms: number): Promise<void> {
    const until = this.#passed + ms
    for (;;) {
      await settled()
      const task = this.#takeDue(until)
      if (task === undefined) break
      task.run()
    }
    this.#moveTo(until)
  }

  #takeDue(until: number): Task | undefined {
    const next = this.#tasks.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0]
    if (next === undefined) return undefined
    this.#moveTo(Math.max(next.at, this.#passed))
    this.#tasks = this.#tasks.filter((other) => other !== next)
    return next
  }

  #moveTo(passed: number): void {
    this.#shown += passed - this.#passed
    this.#passed = passed
  }
}

/** Turns of the event loop after which calls within the process, their answers and what follows from them are over. */
const TURNS = 5

/** Resolves when calls within this process, their answers, and what follows from them are over. What waits for I/O or timers is not waited for. */
export async function settled(): Promise<void> {
  for (let count = 0; count < TURNS; count++) await turn()
}
