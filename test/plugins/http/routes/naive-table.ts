// The rules of the route table in the plainest way: every route is tried, the best one wins.
import type { RouteAdded } from '../../../../plugins/http/routes/route-table.ts'

interface NaiveRoute<Value> {
  readonly id: string
  readonly method: string
  readonly segments: readonly string[]
  readonly value: Value
}

/** How a segment of a pattern is preferred: the text itself, then a parameter, then the rest. */
type Rank = 0 | 1 | 2

interface NaiveMatch<Value> {
  readonly value: Value
  readonly params: Map<string, string>
  readonly ranks: readonly Rank[]
}

export class NaiveTable<Value> {
  readonly #ignoreTrailingSlash: boolean
  #routes: NaiveRoute<Value>[] = []

  constructor(ignoreTrailingSlash: boolean) {
    this.#ignoreTrailingSlash = ignoreTrailingSlash
  }

  get size(): number {
    return this.#routes.length
  }

  add(id: string, method: string, pattern: string, value: Value): RouteAdded<Value> | 'conflict' {
    const segments = this.#segments(pattern)
    const others = this.#routes.filter(
      (route) => route.id !== id && route.method === method && shapeOf(route.segments) === shapeOf(segments),
    )
    if (others.some((route) => route.segments.join('/') !== segments.join('/'))) return 'conflict'
    this.remove(id)
    this.#routes.push({ id, method, segments, value })
    return { covered: others.at(-1)?.value, coveredBy: undefined }
  }

  remove(id: string): void {
    this.#routes = this.#routes.filter((route) => route.id !== id)
  }

  find(method: string, path: string): NaiveMatch<Value> | undefined {
    const segments = this.#segments(path)
    return this.#routes
      .filter((route) => route.method === method)
      .map((route) => match(route, segments))
      .filter((found) => found !== undefined)
      .toReversed()
      .toSorted((one, other) => compare(one.ranks, other.ranks))[0]
  }

  methodsOf(path: string): string[] {
    const methods = ['GET', 'POST'].filter((method) => this.find(method, path) !== undefined)
    return methods.includes('GET') ? ['GET', 'HEAD', ...methods.slice(1)] : methods
  }

  #segments(path: string): string[] {
    const segments = path.split('/').slice(1)
    if (this.#ignoreTrailingSlash && segments.length > 1 && segments.at(-1) === '') segments.pop()
    return segments
  }
}

function shapeOf(segments: readonly string[]): string {
  return segments.map((segment) => (segment.startsWith(':') ? ':' : segment)).join('/')
}

function match<Value>({ segments, value }: NaiveRoute<Value>, path: readonly string[]): NaiveMatch<Value> | undefined {
  const params = new Map<string, string>()
  const ranks: Rank[] = []
  for (const [index, segment] of segments.entries()) {
    if (segment === '*' && index === segments.length - 1) {
      const rest = path.slice(index).join('/')
      if (path.length <= index || rest === '') return undefined
      params.set('*', rest)
      return { value, params, ranks: [...ranks, 2] }
    }
    const text = path[index]
    if (text === undefined) return undefined
    if (segment.startsWith(':')) {
      if (text === '') return undefined
      params.set(segment.slice(1), text)
      ranks.push(1)
    } else if (text === segment) ranks.push(0)
    else return undefined
  }
  return segments.length === path.length ? { value, params, ranks } : undefined
}

function compare(ranks: readonly Rank[], others: readonly Rank[]): number {
  for (const [index, rank] of ranks.entries()) {
    const difference = rank - (others[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
