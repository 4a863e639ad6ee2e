// Events of one group go out in the order in which their writes were begun, whichever answer of another engine comes first.
// Groups do not wait for each other.

export class EmissionOrder {
  /** By scope, while anything of it is under way: resolves when all that was begun so far has been emitted or has failed. */
  readonly #tails = new Map<string, Promise<void>>()

  /**
   * Awaits the write, then its turn, then emits; resolves with what the write resolved with. A write that fails rejects without
   * waiting: in a circle of bridges the earlier one waits for it.
   */
  async afterEarlier<Result>(scope: string, write: Promise<Result>, emit: (result: Result) => void): Promise<Result> {
    const before = this.#tails.get(scope)
    const turn = this.#inTurn(before, write, emit)
    const tail = ended(before, turn).then(() => {
      if (this.#tails.get(scope) === tail) this.#tails.delete(scope)
    })
    this.#tails.set(scope, tail)
    return turn
  }

  async #inTurn<Result>(
    before: Promise<void> | undefined,
    write: Promise<Result>,
    emit: (result: Result) => void,
  ): Promise<Result> {
    const result = await write
    await before
    emit(result)
    return result
  }
}

async function ended(before: Promise<void> | undefined, turn: Promise<unknown>): Promise<void> {
  await turn.catch(() => {})
  await before
}
