// Lets what changes one entry run one after the other; different entries don't wait for each other.
import { CodedError } from '../../protocol/errors.ts'

/** Changes of one entry that may wait, the one under way included. Default 1,000. */
export const MAX_WAITING_CHANGES = 1_000

interface Queue {
  waiting: number
  tail: Promise<unknown>
}

export class IdQueues {
  readonly #max: number
  readonly #queues = new Map<string, Queue>()

  constructor(max = MAX_WAITING_CHANGES) {
    this.#max = max
  }

  /** Rejects with `overloaded`, and runs nothing, when too many wait for that id. */
  run<Result>(id: string, task: () => Promise<Result>): Promise<Result> {
    const queue = this.#queues.get(id) ?? { waiting: 0, tail: Promise.resolve() }
    if (queue.waiting >= this.#max) {
      const message = `${queue.waiting} changes of configuration '${id}' wait already; try again when they are done`
      return Promise.reject(new CodedError('overloaded', message))
    }
    this.#queues.set(id, queue)
    queue.waiting++
    const outcome = queue.tail.then(task)
    queue.tail = this.#after(outcome, id, queue)
    return outcome
  }

  /** Resolves when nothing runs or waits any more, or after `deadlineMs`. */
  async idle(deadlineMs: number): Promise<void> {
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), deadlineMs)
    while (this.#queues.size > 0) {
      const tails = Promise.all([...this.#queues.values()].map(({ tail }) => tail))
      if ((await Promise.race([tails, late.promise])) === 'late') break
    }
    clearTimeout(timer)
  }

  async #after(outcome: Promise<unknown>, id: string, queue: Queue): Promise<void> {
    await outcome.catch(() => {})
    queue.waiting--
    if (queue.waiting === 0) this.#queues.delete(id)
  }
}
