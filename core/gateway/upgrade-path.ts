// Which endpoint an HTTP request on a listener is for (spec 01 §2). Pure.
import { splitRequestTarget } from '../../base/net/request-target.ts'

export type Endpoint =
  | { readonly kind: 'worker' }
  | { readonly kind: 'telemetry' }
  /** `key` and `direction` are undefined when the query lacks them or names another direction. */
  | {
      readonly kind: 'channel'
      readonly id: string
      readonly key: string | undefined
      readonly direction: 'read' | 'write' | undefined
    }

const CHANNEL_PATH = /^\/ws\/channels\/([^/]+)$/
/** A channel URL that was glued to a base URL with a query: `/?token=x/ws/channels/<id>?key=…&dir=…`. */
const CHANNEL_IN_QUERY = /\/ws\/channels\/([0-9a-f-]{36})\?(key=.*)$/i

/** Undefined = 404. One trailing slash is tolerated; the path is matched exactly otherwise. */
export function endpointOf(requestTarget: string): Endpoint | undefined {
  const { path, query } = splitRequestTarget(requestTarget)
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  if (bare === '/' || bare === '') {
    const glued = CHANNEL_IN_QUERY.exec(query)
    return glued === null ? { kind: 'worker' } : channel(glued[1] ?? '', glued[2] ?? '')
  }
  if (bare === '/otel') return { kind: 'telemetry' }
  const named = CHANNEL_PATH.exec(bare)
  return named === null ? undefined : channel(named[1] ?? '', query)
}

function channel(id: string, query: string): Endpoint {
  const parameters = new URLSearchParams(query)
  const direction = parameters.get('dir')
  return {
    kind: 'channel',
    id,
    key: parameters.get('key') ?? undefined,
    direction: direction === 'read' || direction === 'write' ? direction : undefined,
  }
}
