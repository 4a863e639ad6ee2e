// The functions of the setting `endpoints`: they belong to this worker, and each is an endpoint of an HTTP API.
import type { FunctionOptions } from '../../../sdk/handle-types.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { EndpointListConfig } from '../config.ts'
import { DEFAULT_METHOD, readTarget, type Method, type Target, type TargetRules } from '../target/target.ts'
import { PathTemplate } from './path-template.ts'

export interface EndpointFunction {
  readonly id: string
  readonly template: PathTemplate
  /** Its URL is the base; the path comes with each call. */
  readonly target: Target
  readonly payload: 'body' | 'query'
  readonly options: FunctionOptions
}

const IN_QUERY: ReadonlySet<Method> = new Set(['GET', 'DELETE'])

/** Throws an error that says where in the settings what is wrong. */
export function readEndpoints(
  lists: readonly EndpointListConfig[],
  rules: TargetRules,
  checkUrl: (url: URL) => void,
): EndpointFunction[] {
  const found: EndpointFunction[] = []
  const ids = new Set<string>()
  for (const [at, list] of lists.entries()) {
    for (const [index, written] of list.functions.entries()) {
      const where = `endpoints[${at}].functions[${index}]`
      const { id } = written
      if (id.startsWith('engine::'))
        throw new Error(`${where}: ids that begin with 'engine::' are the engine's; name '${id}' otherwise`)
      if (ids.has(id)) throw new Error(`${where}: there is a function '${id}' already; give each an id of its own`)
      ids.add(id)
      found.push(
        readEndpoint(where, list, written, (invocation) => {
          const target = readTarget(invocation, rules)
          checkUrl(target.url)
          return target
        }),
      )
    }
  }
  return found
}

function readEndpoint(
  where: string,
  list: EndpointListConfig,
  written: EndpointListConfig['functions'][number],
  read: (invocation: object) => Target,
): EndpointFunction {
  const { path } = written
  const { base_url: base, auth, retry, circuit_breaker: circuit } = list
  const method = (written.method ?? list.method ?? DEFAULT_METHOD) as Method
  const invocation = {
    url: base,
    method,
    timeout_ms: written.timeout_ms ?? list.timeout_ms,
    headers: { ...list.headers, ...written.headers },
    auth,
    retry,
    circuit_breaker: circuit,
  }
  const target = inPlace(where, () => read(invocation))
  if (target.url.search !== '' || target.url.hash !== '')
    throw new Error(`${where}: base_url must end with its path; put what follows '?' into each path`)
  return {
    id: written.id,
    template: new PathTemplate(path.startsWith('/') ? path : `/${path}`),
    target,
    payload: written.payload ?? (IN_QUERY.has(method) ? 'query' : 'body'),
    options: {
      description:
        written.description ??
        `${method} ${target.url.origin}${target.url.pathname.replace(/\/$/, '')}${path.split('?')[0]}`,
      ...(written.request_format != null && { request_format: written.request_format }),
      ...(written.response_format != null && { response_format: written.response_format }),
    },
  }
}

function inPlace<Value>(where: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    const code = cause instanceof CodedError ? `${cause.code}: ` : ''
    throw new Error(`${where}: ${code}${(cause as Error).message}`, { cause })
  }
}

/** Base and path as one URL, with one slash between them. */
export function urlOf(base: URL, path: string): URL {
  return new URL(`${base.origin}${base.pathname.replace(/\/$/, '')}${path}`)
}
