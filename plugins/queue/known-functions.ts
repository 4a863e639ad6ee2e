// Which functions there are, so that a job whose function is missing can wait for it without asking again and again.
import type { Clock } from '../../base/time/clock.ts'
import type { FunctionsChanged } from '../../kit/functions/functions-changed.ts'

const DEFAULT_NAMESPACE = 'default'

export class KnownFunctions {
  readonly #clock: Clock
  readonly #appeared: (functionId: string) => void
  readonly #known = new Set<string>()
  /** By function; bounded by the jobs that may be set aside. */
  readonly #waiting = new Map<string, Set<() => void>>()

  /** @param appeared told of each function that is there from now on */
  constructor(clock: Clock, appeared: (functionId: string) => void = () => {}) {
    this.#clock = clock
    this.#appeared = appeared
  }

  apply({ added, removed }: FunctionsChanged): void {
    for (const { namespace, function_id } of removed) this.#known.delete(nameOf(namespace, function_id))
    for (const { namespace, function_id } of added) {
      this.#known.add(nameOf(namespace, function_id))
      this.#appeared(function_id)
      const woken = [nameOf(namespace, function_id)]
      // Whoever looks in another namespace and finds nothing gets what is in `default`.
      if (namespace === DEFAULT_NAMESPACE) woken.push(nameOf(undefined, function_id))
      for (const name of woken) for (const wake of this.#waiting.get(name) ?? []) wake()
    }
  }

  has(namespace: string, functionId: string): boolean {
    return this.#known.has(nameOf(namespace, functionId)) || this.#known.has(nameOf(DEFAULT_NAMESPACE, functionId))
  }

  /** Resolves when the function is there, when nobody waits for it any more, or after the time. */
  async appears(namespace: string, functionId: string, withinMs: number, given?: Promise<void>): Promise<void> {
    if (this.has(namespace, functionId)) return
    const names = [nameOf(namespace, functionId), nameOf(undefined, functionId)]
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel()
        for (const name of names) this.#leave(name, wake)
        resolve()
      }
      const cancel = this.#clock.after(withinMs, wake)
      for (const name of names) this.#waiting.set(name, (this.#waiting.get(name) ?? new Set()).add(wake))
      void given?.then(wake)
    })
  }

  #leave(name: string, wake: () => void): void {
    const waiting = this.#waiting.get(name)
    waiting?.delete(wake)
    if (waiting?.size === 0) this.#waiting.delete(name)
  }
}

/** Without a namespace: in whichever. */
function nameOf(namespace: string | undefined, functionId: string): string {
  return `${namespace ?? ''} ${functionId}`
}
