// Waiting for events in tests: never by sleeping, always with a deadline.

/** Rejects with what was awaited when it takes longer than `ms`. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Collects values as they come; `take(n)` waits until there are n in all and returns them. */
export class Collector<T> {
  readonly items: T[] = []
  #waiters: (() => void)[] = []

  readonly add = (item: T): void => {
    this.items.push(item)
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  async take(count: number, ms = 5_000): Promise<T[]> {
    const enough = async () => {
      while (this.items.length < count) await new Promise<void>((resolve) => this.#waiters.push(resolve))
      return this.items.slice(0, count)
    }
    return within(ms, `${count} items`, enough()).catch((error: Error) => {
      throw new Error(`${error.message}; there are ${this.items.length}: ${JSON.stringify(this.items).slice(0, 500)}`)
    })
  }
}
