// Events of one group go out in the order in which their writes were begun, whichever answer of another engine comes first.
// Groups do not wait for each other.

export class EmissionOrder {
  /** By scope, while anything of it is under way: resolves when all that was begun so far has been emitted or has failed. */
  readonly #tails = new Map<string, Promise<void>>()

  /** Awaits the write, then its turn, then emits; resolves with what the write resolved with. Rejects when the write does. */
  async afterEarlier<Result>(scope: string, write: Promise<Result>, emit: (result: Result) => void): Promise<Result> {
    const before = this.#tails.get(scope)
    const { promise: tail, resolve: done } = Promise.withResolvers<void>()
    this.#tails.set(scope, tail)
    // Its rejection is seen below; until then it must not count as one that nobody handles.
    write.catch(() => {})
    await before
    try {
      const result = await write
      emit(result)
      return result
    } finally {
      done()
      if (this.#tails.get(scope) === tail) this.#tails.delete(scope)
    }
  }
}
