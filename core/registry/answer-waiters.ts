// Bindings whose maker waits for the provider's answer (spec 01 §11.4). No answer in time counts as consent.
import type { CodedError } from '../../protocol/errors.ts'

export class AnswerWaiters {
  readonly #maxMs: number
  readonly #settle = new Map<string, (error: CodedError | undefined) => void>()

  /** @param maxMs how long one waits at most */
  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  /** Resolves by `settle` without an error or when the time is up, rejects by `settle` with one. */
  wait(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(id), this.#maxMs)
      timer.unref()
      this.#settle.set(id, (error) => {
        clearTimeout(timer)
        this.#settle.delete(id)
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  has(id: string): boolean {
    return this.#settle.has(id)
  }

  /** Does nothing when nobody waits. */
  settle(id: string, error?: CodedError): void {
    this.#settle.get(id)?.(error)
  }
}
