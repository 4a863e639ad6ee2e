// The routes of all binders (spec 06 A.4, 09 §4 e): those of trusted workers are asked first, so that no session of a listener with rbac
// takes requests from one. Among sessions the first one serves, and only its own later bindings cover its route.
import { CodedError } from '../../../protocol/errors.ts'
import { RouteTable, type RouteAdded, type RouteEntry, type RouteMatch, type RouteTableOptions } from './route-table.ts'
import { segmentsOf, WILDCARD } from './segments.ts'

export interface BoundRoute {
  /** As it was bound. */
  readonly apiPath: string
  /** The session that bound it. Undefined: a trusted worker did. */
  readonly session: string | undefined
}

/** A session asked for a route whose requests a trusted worker's route gets. */
export class RouteTaken extends CodedError {
  constructor(method: string, pattern: string, apiPath: string) {
    const message =
      `${method} ${pattern} belongs to the route ${apiPath} of a trusted worker, which a session can't take requests from. Bind another ` +
      'path, or have a worker on a listener without rbac bind this one'
    super('FORBIDDEN', message)
  }
}

export class BoundRoutes<Route extends BoundRoute> {
  readonly #ignoreTrailingSlash: boolean
  readonly #trusted: RouteTable<Route>
  readonly #sessions: RouteTable<Route>

  constructor({ ignoreTrailingSlash = false }: RouteTableOptions = {}) {
    this.#ignoreTrailingSlash = ignoreTrailingSlash
    this.#trusted = new RouteTable({ ignoreTrailingSlash })
    this.#sessions = new RouteTable({ ignoreTrailingSlash })
  }

  /**
   * An `id` that is there is replaced.
   * @param method in capitals.
   * @param pattern with a leading `/`.
   * @throws RouteTaken when a session asks for what is a trusted worker's.
   * @throws RouteConflict when a route of the same shape names its parameters otherwise. After an error everything is as before.
   */
  add(id: string, method: string, pattern: string, route: Route): RouteAdded<Route> {
    const { session } = route
    if (session !== undefined) {
      const holder = this.#holderOf(method, pattern)
      if (holder !== undefined) throw new RouteTaken(method, pattern, holder.apiPath)
      const added = this.#sessions.add(id, method, pattern, route, (other) => other.session === session)
      this.#trusted.remove(id)
      return added
    }
    const added = this.#trusted.add(id, method, pattern, route)
    this.#sessions.remove(id)
    const below = added.covered ?? this.#sessions.find(method, this.#pathOf(pattern))?.value
    return { ...added, covered: below }
  }

  /** One that is not there is none of its business. */
  remove(id: string): void {
    this.#trusted.remove(id)
    this.#sessions.remove(id)
  }

  /** HEAD is answered by the route of GET where it has none of its own. */
  find(method: string, path: string): RouteMatch<Route> | undefined {
    return findIn(this.#trusted, method, path) ?? findIn(this.#sessions, method, path)
  }

  has(id: string): boolean {
    return this.#trusted.has(id) || this.#sessions.has(id)
  }

  /** Methods that a path can be asked with, in alphabetical order. Empty = there is no such path. */
  methodsOf(path: string): string[] {
    return [...new Set([...this.#trusted.methodsOf(path), ...this.#sessions.methodsOf(path)])].sort()
  }

  /** Those of trusted workers first, each in the order in which they were added. */
  *entries(): IterableIterator<RouteEntry<Route>> {
    yield* this.#trusted.entries()
    for (const entry of this.#sessions.entries())
      yield { ...entry, serves: entry.serves && this.#holderOf(entry.method, entry.pattern) === undefined }
  }

  /** The trusted worker's route that gets all requests which a pattern is for. */
  #holderOf(method: string, pattern: string): Route | undefined {
    const holder = findIn(this.#trusted, method, this.#pathOf(pattern))?.value
    return holder !== undefined && takesRest(pattern) && !takesRest(holder.apiPath) ? undefined : holder
  }

  /** A path that only routes match which match all paths of the pattern: no literal segment begins with a colon. */
  #pathOf(pattern: string): string {
    return `/${segmentsOf(pattern, this.#ignoreTrailingSlash).join('/')}`
  }
}

function findIn<Route>(table: RouteTable<Route>, method: string, path: string): RouteMatch<Route> | undefined {
  return table.find(method, path) ?? (method === 'HEAD' ? table.find('GET', path) : undefined)
}

function takesRest(pattern: string): boolean {
  return pattern.slice(pattern.lastIndexOf('/') + 1) === WILDCARD
}
