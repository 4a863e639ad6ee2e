// A handle that takes calls or does not, as a test says, and answers them when it is told to.
import type { PacedHandle } from '../../../kit/triggers/paced-caller.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'

export class ManualHandle implements PacedHandle {
  /** The function ids that were called, oldest first. */
  readonly calls: string[] = []
  /** Calls that are taken before the handle is congested. */
  #room = Infinity
  #drained = Promise.withResolvers<void>()

  get congested(): boolean {
    return this.#room <= 0
  }

  allow(calls: number): void {
    this.#room = calls
    if (!this.congested) {
      this.#drained.resolve()
      this.#drained = Promise.withResolvers<void>()
    }
  }

  async drained(): Promise<void> {
    while (this.congested) await this.#drained.promise
  }

  async trigger({ function_id }: TriggerRequest): Promise<unknown> {
    if (this.congested) throw new Error('overloaded')
    this.#room--
    this.calls.push(function_id)
    return `result of ${function_id}`
  }
}
