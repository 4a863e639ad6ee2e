// Counts what a handle still has to finish, and says when nothing is left.

export class Activity {
  #running = 0
  #waiters: (() => void)[] = []
  readonly #otherwiseIdle: () => boolean

  /** `otherwiseIdle` is asked too: true when nothing outside this count is under way. */
  constructor(otherwiseIdle: () => boolean) {
    this.#otherwiseIdle = otherwiseIdle
  }

  get running(): number {
    return this.#running
  }

  enter(): void {
    this.#running++
  }

  leave(): void {
    this.#running--
    if (this.#waiters.length > 0) this.check()
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
      this.check()
    })
  }

  /** To be called when what `otherwiseIdle` tells may have changed. */
  check(): void {
    if (this.#running > 0 || this.#waiters.length === 0 || !this.#otherwiseIdle()) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}
