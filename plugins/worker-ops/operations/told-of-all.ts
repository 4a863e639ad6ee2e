// An operation on several workers that all succeed or all fail, with the stages of each told (spec 05 B.4).
import { toWorkerOpError } from '../errors.ts'
import type { OperationEvents, OperationName, Stage, StageDetails, WorkerEvents } from '../events.ts'

export class ToldOfAll {
  readonly #events: WorkerEvents
  readonly #operation: OperationName
  readonly #stage: Stage
  readonly #begun = new Map<string, OperationEvents>()

  constructor(events: WorkerEvents, operation: OperationName, stage: Stage) {
    this.#events = events
    this.#operation = operation
    this.#stage = stage
  }

  /** The stages of one worker, of which the first ones are told with this. */
  of(name: string): OperationEvents {
    const known = this.#begun.get(name)
    if (known !== undefined) return known
    const one = this.#events.of(this.#operation, name)
    this.#begun.set(name, one)
    one.stage('started')
    one.stage(this.#stage)
    return one
  }

  /** @param how what is said of a worker at the end */
  async run<Result>(
    work: () => Promise<Result>,
    how: (name: string, result: Result) => StageDetails = () => ({}),
  ): Promise<Result> {
    try {
      const result = await work()
      for (const [name, one] of this.#begun) one.stage('done', how(name, result))
      return result
    } catch (error) {
      const { code, text } = toWorkerOpError(error)
      for (const one of this.#begun.values()) one.stage('failed', { error: { code, message: text } })
      throw error
    }
  }
}
