// Runs at most so many operations at a time; further ones wait in line.

export class Slots {
  readonly #limit: () => number
  #running = 0
  #waiting: (() => void)[] = []

  constructor(limit: () => number) {
    this.#limit = limit
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    while (this.#running >= this.#limit()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      return await operation()
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}
