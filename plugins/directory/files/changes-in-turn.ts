// Changes of files, and looks at what has changed, one after the other: what the engine writes itself is never taken for another's work.
import { CodedError } from '../../../protocol/errors.ts'
import { MAX_WAITING_CHANGES } from './bounds.ts'

export class ChangesInTurn {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @throws CodedError `overloaded` when too many wait */
  async run<Result>(change: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= MAX_WAITING_CHANGES) {
      throw new CodedError('overloaded', `${this.#waiting} changes of skills wait already: try again later.`)
    }
    this.#waiting++
    const result = this.#last.then(change).finally(() => this.#waiting--)
    this.#last = result.catch(() => {})
    return result
  }

  /** Resolves when what has begun is over. */
  async settled(): Promise<void> {
    await this.#last
  }
}
