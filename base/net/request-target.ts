// The request target of HTTP in its two parts. Pure.

export interface RequestTarget {
  /** As it was sent: not decoded. */
  readonly path: string
  /** Without its `?`; empty where there is none. */
  readonly query: string
}

export function splitRequestTarget(target: string): RequestTarget {
  const queryAt = target.indexOf('?')
  return queryAt === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, queryAt), query: target.slice(queryAt + 1) }
}
