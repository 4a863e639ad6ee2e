// Which binding answers a request (spec 06 A.4): per method a trie over the raw segments of the path. Pure; changes count from the next
// `find` on.
import { createTextMap } from '../request/text-map.ts'
import { RouteConflict } from './route-conflict.ts'
import { isParameter, segmentsOf, WILDCARD } from './segments.ts'

export interface RouteMatch<Value> {
  readonly value: Value
  /** By name, as they stand in the path: not decoded. Of a wildcard the rest, under `*`. A name that a pattern has twice: the last one. */
  readonly params: Record<string, string>
}

export interface RouteAdded<Value> {
  /** What answered the same route until now, and does so again when this one goes; undefined = nothing did, or it still does. */
  readonly covered: Value | undefined
  /** What answers the route before this one, until it goes; undefined = this one answers. */
  readonly coveredBy: Value | undefined
}

export interface RouteEntry<Value> {
  readonly id: string
  readonly method: string
  /** As it was added. */
  readonly pattern: string
  readonly value: Value
  /** False while a route that came later covers it. */
  readonly serves: boolean
}

export interface RouteTableOptions {
  /** `/users` and `/users/` are one route. Default false. */
  readonly ignoreTrailingSlash?: boolean
}

/**
 * Static segments come before a parameter, a parameter before a wildcard, with a way back. A last segment `*` takes the rest of the path,
 * which is never empty; elsewhere `*` is a segment like any other. No parameter matches an empty segment.
 */
export class RouteTable<Value> {
  readonly #ignoreTrailingSlash: boolean
  readonly #tries = new Map<string, Node<Value>>()
  readonly #routes = new Map<string, Route<Value>>()

  constructor({ ignoreTrailingSlash = false }: RouteTableOptions = {}) {
    this.#ignoreTrailingSlash = ignoreTrailingSlash
  }

  has(id: string): boolean {
    return this.#routes.has(id)
  }

  get size(): number {
    return this.#routes.size
  }

  /**
   * Of equal routes the one that was added last answers. An `id` that is in the table is replaced.
   * @param method in capitals.
   * @param pattern with a leading `/`.
   * @param covers which of equal routes it may answer in place of; it waits below the others. Default: all.
   * @throws RouteConflict when a route of the same shape names its parameters otherwise; the table is as before.
   */
  add(
    id: string,
    method: string,
    pattern: string,
    value: Value,
    covers: (other: Value) => boolean = () => true,
  ): RouteAdded<Value> {
    const segments = segmentsOf(pattern, this.#ignoreTrailingSlash)
    const names = namesOf(segments)
    const others = this.#leafAt(method, segments)?.filter((route) => route.id !== id) ?? []
    const last = others.at(-1)
    if (last !== undefined && !isSame(last.names, names)) throw new RouteConflict(method, pattern, last.pattern)
    this.remove(id)
    const route: Route<Value> = { id, method, pattern, segments, names, value }
    const leaf = this.#leafFor(method, segments)
    leaf.splice(leaf.findLastIndex((other) => covers(other.value)) + 1, 0, route)
    this.#routes.set(id, route)
    const answers = leaf.at(-1) === route
    return { covered: answers ? last?.value : undefined, coveredBy: answers ? undefined : last?.value }
  }

  /** One that is not there is none of its business. */
  remove(id: string): void {
    const route = this.#routes.get(id)
    if (route === undefined) return
    this.#routes.delete(id)
    const trie = this.#tries.get(route.method)!
    if (takeOut(trie, route, 0)) this.#tries.delete(route.method)
  }

  /**
   * @param method as it stands in the request; a HEAD that has no route of its own is looked for under GET by the caller.
   * @param path as it stands in the request target, without the query.
   */
  find(method: string, path: string): RouteMatch<Value> | undefined {
    const trie = this.#tries.get(method)
    if (trie === undefined || path.charCodeAt(0) !== SLASH) return undefined
    const end = this.#endOf(path)
    const leaf = search(trie, path, 1, end, 0)
    if (leaf === undefined) return undefined
    const route = leaf[leaf.length - 1]!
    return { value: route.value, params: paramsOf(route, path, end) }
  }

  /** Methods that a path can be asked with, in alphabetical order; GET brings HEAD. Empty = there is no such path. */
  methodsOf(path: string): string[] {
    if (path.charCodeAt(0) !== SLASH) return []
    const methods = new Set<string>()
    for (const [method, trie] of this.#tries) {
      if (search(trie, path, 1, this.#endOf(path), 0) === undefined) continue
      methods.add(method)
      if (method === 'GET') methods.add('HEAD')
    }
    return [...methods].sort()
  }

  /** All routes in the order in which they were added, those that are covered among them. */
  *entries(): IterableIterator<RouteEntry<Value>> {
    for (const route of this.#routes.values()) {
      const { id, method, pattern, value } = route
      yield { id, method, pattern, value, serves: this.#leafAt(method, route.segments)?.at(-1) === route }
    }
  }

  /** Where the segments of a path end: before a trailing slash that does not count. */
  #endOf(path: string): number {
    const { length } = path
    return this.#ignoreTrailingSlash && length > 1 && path.charCodeAt(length - 1) === SLASH ? length - 1 : length
  }

  #leafAt(method: string, segments: readonly string[]): Route<Value>[] | undefined {
    let node = this.#tries.get(method)
    for (const [index, segment] of segments.entries()) {
      if (node === undefined) return undefined
      if (isRest(segments, index)) return node.rest
      node = isParameter(segment) ? node.parameter : node.literals.get(segment)
    }
    return node?.routes
  }

  #leafFor(method: string, segments: readonly string[]): Route<Value>[] {
    let node = this.#tries.get(method)
    if (node === undefined) this.#tries.set(method, (node = createNode()))
    for (const [index, segment] of segments.entries()) {
      if (isRest(segments, index)) return node.rest
      if (isParameter(segment)) node = node.parameter ??= createNode()
      else {
        let next = node.literals.get(segment)
        if (next === undefined) node.literals.set(segment, (next = createNode()))
        node = next
      }
    }
    return node.routes
  }
}

interface Route<Value> {
  readonly id: string
  readonly method: string
  readonly pattern: string
  readonly segments: readonly string[]
  readonly names: readonly string[]
  readonly value: Value
}

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>
  parameter: Node<Value> | undefined
  /** Routes that end here; the last one answers. */
  readonly routes: Route<Value>[]
  /** Those that take whatever follows. */
  readonly rest: Route<Value>[]
}

const SLASH = 0x2f

/** Where the values of the parameters begin in the path that is being looked up; a search never yields, so one is enough. */
const starts: number[] = []

function createNode<Value>(): Node<Value> {
  return { literals: new Map(), parameter: undefined, routes: [], rest: [] }
}

/** Each node stands for one way from the root, so that no search visits one twice. */
function search<Value>(
  node: Node<Value>,
  path: string,
  start: number,
  length: number,
  parameters: number,
): Route<Value>[] | undefined {
  let end = path.indexOf('/', start)
  if (end === -1 || end > length) end = length
  // Looking a text up makes it one of those that V8 keeps only once, which costs as much as all the rest for one that is new each time.
  const literal = node.literals.size === 0 ? undefined : node.literals.get(path.slice(start, end))
  if (literal !== undefined) {
    const leaf = end === length ? ending(literal) : search(literal, path, end + 1, length, parameters)
    if (leaf !== undefined) return leaf
  }
  if (node.parameter !== undefined && end > start) {
    starts[parameters] = start
    const leaf = end === length ? ending(node.parameter) : search(node.parameter, path, end + 1, length, parameters + 1)
    if (leaf !== undefined) return leaf
  }
  if (node.rest.length === 0 || start >= length) return undefined
  starts[parameters] = start
  return node.rest
}

function ending<Value>(node: Node<Value>): Route<Value>[] | undefined {
  return node.routes.length === 0 ? undefined : node.routes
}

function paramsOf<Value>({ names }: Route<Value>, path: string, length: number): Record<string, string> {
  const params = createTextMap()
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!
    const start = starts[index]!
    const end = name === WILDCARD ? -1 : path.indexOf('/', start)
    params[name] = path.slice(start, end === -1 ? length : end)
  }
  return params
}

/** @returns whether the node stands for nothing any more. */
function takeOut<Value>(node: Node<Value>, route: Route<Value>, depth: number): boolean {
  const { segments } = route
  if (depth === segments.length) dropFrom(node.routes, route)
  else if (isRest(segments, depth)) dropFrom(node.rest, route)
  else if (isParameter(segments[depth]!)) {
    if (takeOut(node.parameter!, route, depth + 1)) node.parameter = undefined
  } else {
    const segment = segments[depth]!
    if (takeOut(node.literals.get(segment)!, route, depth + 1)) node.literals.delete(segment)
  }
  return node.routes.length === 0 && node.rest.length === 0 && node.literals.size === 0 && node.parameter === undefined
}

function dropFrom<Item>(items: Item[], item: Item): void {
  items.splice(items.indexOf(item), 1)
}

function isRest(segments: readonly string[], index: number): boolean {
  return index === segments.length - 1 && segments[index] === WILDCARD
}

function namesOf(segments: readonly string[]): string[] {
  const names: string[] = []
  for (const [index, segment] of segments.entries()) {
    if (isRest(segments, index)) names.push(WILDCARD)
    else if (isParameter(segment)) names.push(segment.slice(1))
  }
  return names
}

function isSame(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name, index) => name === others[index])
}
