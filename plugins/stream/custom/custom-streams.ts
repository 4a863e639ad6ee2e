// Which operations of which streams a worker serves by functions named `stream::<operation>(<stream>)` (spec 02 §8).
import type { FunctionsChanged } from '../../../kit/functions/functions-changed.ts'

export type StreamOperation = 'get' | 'set' | 'delete' | 'list' | 'list_groups' | 'update'

const CUSTOM_ID = /^stream::(get|set|delete|list|list_groups|update)\(.*\)$/s
const NAMESPACE = 'default'

export function customFunctionId(operation: StreamOperation, stream: string): string {
  return `stream::${operation}(${stream})`
}

/** Longest wait for the first event. It comes with the engine's next turn, unless somebody has taken the watch's function away. */
const KNOWN_MS = 5_000

export class CustomStreams {
  /** Ids of the functions that are there. */
  readonly #ids = new Set<string>()
  readonly #firstEvent = Promise.withResolvers<void>()
  #known = false

  constructor(knownMs = KNOWN_MS) {
    const timer = setTimeout(() => this.#begin(), knownMs)
    void this.#firstEvent.promise.then(() => clearTimeout(timer))
  }

  /**
   * The handler, from when it is known which custom streams there are: calls that waited for this generation to begin reach it
   * before the engine's first event does, and must not write to the wrong place.
   */
  whenKnown<Arguments extends unknown[], Result>(
    handler: (...args: Arguments) => Result | Promise<Result>,
  ): (...args: Arguments) => Result | Promise<Result> {
    return (...args) => (this.#known ? handler(...args) : this.#firstEvent.promise.then(() => handler(...args)))
  }

  has(operation: StreamOperation, stream: string): boolean {
    // Most engines have none: then no id need be put together for each call.
    return this.#ids.size > 0 && this.#ids.has(customFunctionId(operation, stream))
  }

  apply({ added, removed }: FunctionsChanged): void {
    for (const { function_id, namespace } of removed) if (namespace === NAMESPACE) this.#ids.delete(function_id)
    for (const { function_id, namespace } of added) {
      if (namespace === NAMESPACE && CUSTOM_ID.test(function_id)) this.#ids.add(function_id)
    }
    this.#begin()
  }

  #begin(): void {
    if (this.#known) return
    this.#firstEvent.resolve()
    // After those that wait, so that what comes in the same turn does not overtake them.
    void this.#firstEvent.promise.then(() => (this.#known = true))
  }
}
