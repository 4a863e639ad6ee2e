// Routes that were bound when the engine ended: a request for one of them waits until it is bound again, instead of being told that there
// is no such thing. Pure.
import { RouteConflict } from './route-conflict.ts'
import { RouteTable } from './route-table.ts'

export interface RouteName {
  /** In capitals. */
  readonly method: string
  /** With a leading `/`. */
  readonly pattern: string
}

type Arrival = PromiseWithResolvers<void>

export class AwaitedRoutes {
  readonly #table: RouteTable<Arrival>
  readonly #arrivals = new Map<string, Arrival>()

  constructor(routes: Iterable<RouteName>, ignoreTrailingSlash: boolean) {
    this.#table = new RouteTable({ ignoreTrailingSlash })
    for (const { method, pattern } of routes) {
      const arrival = Promise.withResolvers<void>()
      try {
        this.#table.add(keyOf(method, pattern), method, pattern, arrival)
        this.#arrivals.set(keyOf(method, pattern), arrival)
      } catch (error) {
        // Two that only the settings of the last run kept apart.
        if (!(error instanceof RouteConflict)) throw error
      }
    }
  }

  /** Undefined unless a request waits for a route; resolves when it is worth looking for one again. */
  arrivalFor(method: string, path: string): Promise<void> | undefined {
    const match = this.#table.find(method, path) ?? (method === 'HEAD' ? this.#table.find('GET', path) : undefined)
    return match?.value.promise
  }

  bound({ method, pattern }: RouteName): void {
    const key = keyOf(method, pattern)
    this.#table.remove(key)
    this.#arrivals.get(key)?.resolve()
    this.#arrivals.delete(key)
  }

  /** Nobody waits any longer. */
  end(): void {
    for (const [key, arrival] of this.#arrivals) {
      this.#table.remove(key)
      arrival.resolve()
    }
    this.#arrivals.clear()
  }
}

function keyOf(method: string, pattern: string): string {
  return `${method} ${pattern}`
}
