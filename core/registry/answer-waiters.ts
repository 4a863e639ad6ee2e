// Bindings whose maker waits for the provider's answer (spec 01 §11.4). No answer in time counts as consent.
import type { CodedError } from '../../protocol/errors.ts'

export class AnswerWaiters {
  readonly #maxMs: number
  readonly #waiting = new Map<string, (error: CodedError | undefined) => void>()

  /** @param maxMs how long one waits at most */
  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  /** Resolves by `end` without an error or when the time is up, rejects by `end` with one. */
  wait(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(id), this.#maxMs)
      timer.unref()
      this.#waiting.set(id, (error) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Does nothing when nobody waits. */
  end(id: string, error?: CodedError): void {
    this.#waiting.get(id)?.(error)
  }
}
