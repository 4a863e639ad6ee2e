// Waiting for events that are on their way from the server to this engine.

interface Arrival {
  readonly offset: number
  readonly settle: () => void
}

export class RedisArrivals {
  readonly #timeoutMs: number
  readonly #waiting = new Set<Arrival>()

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** Resolves when the event has been told, cannot come any more, or is late. */
  wait(offset: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => arrival.settle(), this.#timeoutMs)
      const arrival: Arrival = {
        offset,
        settle: () => {
          clearTimeout(timer)
          this.#waiting.delete(arrival)
          resolve()
        },
      }
      this.#waiting.add(arrival)
    })
  }

  /** Events up to this offset have been told. */
  reached(newest: number): void {
    for (const { offset, settle } of this.#waiting) if (offset <= newest) settle()
  }

  /** Nothing that is waited for comes any more. */
  giveUp(): void {
    for (const { settle } of this.#waiting) settle()
  }
}
