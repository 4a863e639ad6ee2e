// Who may write an item of a custom stream when: an update that reads and writes in two calls has the item for itself, while
// single writes run side by side, as the worker gets them.

interface Turns {
  /** Settled when the last update that was let in is over. */
  update: Promise<unknown> | undefined
  /** Settled when everything that was let in is over. */
  all: Promise<unknown>
  /** Runs that are not over. An entry without any is dropped. */
  count: number
}

export class ItemTurns {
  readonly #items = new Map<string, Turns>()

  /** Items that somebody writes now. */
  get size(): number {
    return this.#items.size
  }

  /** Runs beside other writes, after the updates that came before. At once when there are none. */
  write<T>(item: string, run: () => Promise<T>): Promise<T> {
    const turns = this.#enter(item)
    const done = turns.update === undefined ? run() : turns.update.then(run)
    turns.all = Promise.all([turns.all, this.#leaving(item, turns, done)])
    return done
  }

  /** Runs alone, after everything that came before. */
  update<T>(item: string, run: () => Promise<T>): Promise<T> {
    const turns = this.#enter(item)
    const done = turns.all.then(run)
    turns.all = turns.update = this.#leaving(item, turns, done)
    return done
  }

  #enter(item: string): Turns {
    let turns = this.#items.get(item)
    if (turns === undefined) {
      turns = { update: undefined, all: Promise.resolve(), count: 0 }
      this.#items.set(item, turns)
    }
    turns.count++
    return turns
  }

  #leaving(item: string, turns: Turns, done: Promise<unknown>): Promise<void> {
    const leave = (): void => {
      turns.count--
      if (turns.count === 0) this.#items.delete(item)
    }
    return done.then(leave, leave)
  }
}
