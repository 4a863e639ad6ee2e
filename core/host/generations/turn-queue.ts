// One hand-over at a time, in order; of several waiting wishes with one key only the newest is carried out.

interface Waiting {
  readonly key: string
  run: () => Promise<unknown>
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

export class TurnQueue {
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  /** Runs `task` when it is its turn. A waiting task of the same key is replaced, and its caller gets this one's outcome. */
  enqueue<Outcome>(key: string, task: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#waiting.find((each) => each.key === key)
    if (known !== undefined) {
      known.run = task
      return known.promise as Promise<Outcome>
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ key, run: task, promise, resolve, reject })
    this.#running ??= this.#work()
    return promise as Promise<Outcome>
  }

  /** Fulfilled when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #work(): Promise<void> {
    await Promise.resolve()
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await next.run().then(next.resolve, next.reject)
    }
    this.#running = undefined
  }
}
