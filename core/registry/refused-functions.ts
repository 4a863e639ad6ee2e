// Why functions are not there that a trusted worker wanted to register: said to whoever calls one. Bounded; the oldest is forgotten.
import type { ErrorBody } from '../../protocol/errors.ts'

export const MAX_REFUSED_FUNCTIONS = 1_000

export class RefusedFunctions {
  readonly #reasons = new Map<string, ErrorBody>()

  add(namespace: string, id: string, reason: ErrorBody): void {
    const key = keyOf(namespace, id)
    this.#reasons.delete(key)
    this.#reasons.set(key, reason)
    if (this.#reasons.size > MAX_REFUSED_FUNCTIONS) this.#reasons.delete(this.#reasons.keys().next().value!)
  }

  /** It has been registered since. */
  forget(namespace: string, id: string): void {
    if (this.#reasons.size > 0) this.#reasons.delete(keyOf(namespace, id))
  }

  reasonOf(namespace: string, id: string): ErrorBody | undefined {
    return this.#reasons.get(keyOf(namespace, id))
  }
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}\0${id}`
}
