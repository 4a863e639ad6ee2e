// What providers of trigger types say to bindings that a test makes: the engine tells a worker of refusals only.
import type { ErrorBody } from '../protocol/errors.ts'
import type { TriggerRegistrationResult } from '../protocol/messages.ts'

export class BindAnswers {
  readonly #waiting = new Map<string, (refusal: ErrorBody | undefined) => void>()

  /** The next answer about the binding: a refusal, or undefined for consent. */
  of(id: string): Promise<ErrorBody | undefined> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  take({ id, error }: TriggerRegistrationResult): void {
    this.#waiting.get(id)?.(error ?? undefined)
    this.#waiting.delete(id)
  }
}
