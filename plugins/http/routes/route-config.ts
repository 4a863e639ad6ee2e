// Reads the config of a binding of type `http` (spec 06 A.3). Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { configHints } from './config-hints.ts'
import { isParameter, segmentsOf } from './segments.ts'

export interface RouteConfig {
  /** `api_path` as it was written: what handlers get as `path`. */
  readonly apiPath: string
  /** The same with a leading `/`, for the table. */
  readonly pattern: string
  /** In capitals. */
  readonly method: string
  /** False for a method that is never routed: the binding is kept and serves nothing. */
  readonly isRouted: boolean
  readonly conditionFunctionId: string | undefined
  /** In the order in which they run. */
  readonly middlewareFunctionIds: readonly string[]
  /** `validate`: whether requests are held against the format of the function; undefined = as the settings say. */
  readonly validates: boolean | undefined
  /** What does not count of this config, in words for the log. */
  readonly warnings: readonly string[]
}

export const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])

export const MAX_PATH_LENGTH = 2048
export const MAX_SEGMENTS = 64
export const MAX_ROUTE_MIDDLEWARE = 64

/** @throws TypeError for what can't be bound, in words for the binder. Members that mean nothing are ignored. */
export function readRouteConfig(config: unknown): RouteConfig {
  const members = isRecord(config) ? config : {}
  const apiPath = members['api_path']
  if (typeof apiPath !== 'string')
    throw new TypeError(
      `api_path is required for http triggers: a path such as "/users/:id", got ${shown(apiPath)}${pathElsewhere(members)}`,
    )
  const pattern = apiPath.startsWith('/') ? apiPath : `/${apiPath}`
  const segments = checkPattern(pattern)
  const warnings = configHints(members, segments)
  const method = readMethod(members['http_method'], warnings)
  return {
    apiPath,
    pattern,
    method,
    isRouted: METHODS.has(method),
    conditionFunctionId: readCondition(members['condition_function_id']),
    middlewareFunctionIds: readMiddleware(members['middleware_function_ids'], warnings),
    validates: readFlag(members['validate'], warnings),
    warnings,
  }
}

/** A request target holds none of these: a query is not part of the path, and blanks are encoded. */
const NEVER_IN_PATHS = /[?#\s]/

/** @returns its segments. */
function checkPattern(pattern: string): string[] {
  if (pattern.length > MAX_PATH_LENGTH)
    throw new TypeError(`api_path has ${pattern.length} characters; ${MAX_PATH_LENGTH} are allowed`)
  const never = NEVER_IN_PATHS.exec(pattern)
  if (never !== null)
    throw new TypeError(
      `api_path ${shown(pattern)} holds ${shown(never[0])}, which no request path does; write it as ${encodeURIComponent(never[0])}, or leave it out`,
    )
  const segments = segmentsOf(pattern)
  if (segments.length > MAX_SEGMENTS)
    throw new TypeError(`api_path has ${segments.length} segments; ${MAX_SEGMENTS} are allowed`)
  if (segments.includes(':'))
    throw new TypeError(`api_path ${shown(pattern)} has a parameter without a name; write one as in "/users/:id"`)
  const names = segments.filter(isParameter)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TypeError(`api_path ${shown(pattern)} has the parameter ${twice} twice; give each a name of its own`)
  return segments
}

/** Other APIs call it so. */
function pathElsewhere({ path }: Readonly<Record<string, unknown>>): string {
  return typeof path === 'string' ? "; the member 'path' is not read" : ''
}

function readMethod(value: unknown, warnings: string[]): string {
  if (value === undefined || value === null) return 'GET'
  if (typeof value !== 'string') {
    warnings.push(`http_method must be a text such as "POST", got ${shown(value)}; GET is taken`)
    return 'GET'
  }
  const method = value.trim().toUpperCase()
  if (!METHODS.has(method))
    warnings.push(`http_method ${shown(value)} is never routed; there are ${[...METHODS].join(', ')}`)
  return method
}

function readCondition(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  // Without it the route would be open to what the condition is there to keep out.
  throw new TypeError(`condition_function_id must be the id of a function, got ${shown(value)}`)
}

function readFlag(value: unknown, warnings: string[]): boolean | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined
  warnings.push(`validate must be true or false, got ${shown(value)}; the setting counts`)
  return undefined
}

function readMiddleware(value: unknown, warnings: string[]): string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value))
    throw new TypeError(`middleware_function_ids must be a list of function ids, got ${shown(value)}`)
  if (value.length > MAX_ROUTE_MIDDLEWARE)
    throw new TypeError(`middleware_function_ids has ${value.length} entries; ${MAX_ROUTE_MIDDLEWARE} are allowed`)
  const ids = value.filter((id): id is string => typeof id === 'string' && id !== '')
  if (ids.length < value.length)
    warnings.push(`of middleware_function_ids ${shown(value)} only texts count, which are function ids`)
  return ids
}

function shown(value: unknown): string {
  const text = shownValue(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
