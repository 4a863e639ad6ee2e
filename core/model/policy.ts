// What a link may do, as plain data, and the one place that enforces it (design, "The one idea"; spec 04 B.4, 09 §4).
import type { ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { patternIn } from '../../protocol/expose-filters.ts'
import { SEAT_PREFIX, type ExposeFilter } from '../../protocol/seats.ts'
import { matchesWildcard } from '../../base/values/wildcard.ts'
import { equalsRounded } from '../../base/values/exact-json.ts'
import type { ExactGrants } from './exact-grants.ts'

/** Rights of a connection to a listener with `rbac` (spec 04 B.3). */
export interface SessionRights {
  readonly allowedFunctions: readonly string[]
  readonly forbiddenFunctions: readonly string[]
  /** undefined = all. */
  readonly allowedTriggerTypes: readonly string[] | undefined
  readonly allowFunctionRegistration: boolean
  readonly allowTriggerTypeRegistration: boolean
  readonly context: Readonly<Record<string, unknown>>
  readonly prefix: string | undefined
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly expose: readonly ExposeFilter[]
  /** Milliseconds from its start after which the session is closed; undefined = never. */
  readonly expiresInMs: number | undefined
  readonly onFunctionRegistration: string | undefined
  readonly onTriggerRegistration: string | undefined
  readonly onTriggerTypeRegistration: string | undefined
}

export type Policy =
  /** The engine's own worker: everything. */
  | { readonly kind: 'engine' }
  /** Plain listener: calls everything, registers everything but reserved ids. */
  | { readonly kind: 'trusted'; readonly middleware: string | undefined }
  /** A plugin. `builtIn` (or a replacement of one): may register reserved ids and claim seats. `allow`: patterns of callable ids. */
  | {
      readonly kind: 'plugin'
      readonly plugin: string
      readonly builtIn: boolean
      readonly allow: readonly string[] | undefined
    }
  /**
   * Stands in for functions of another place that has checked its own callers: calls everything, provides any id but reserved ones,
   * owns none. What a worker or plugin of this engine provides wins over it (tier.ts).
   */
  | { readonly kind: 'peer' }
  /** Session of a listener with `rbac`. */
  | {
      readonly kind: 'session'
      readonly rights: SessionRights
      readonly middleware: string | undefined
      /** Errors that it gets keep the stack of what was thrown (told-error.ts). */
      readonly seesStacks?: boolean
      /** What no wildcard of the rights reaches. */
      readonly exact: ExactGrants
    }

/** A refusal: the body that goes to the caller. */
export type Refusal = ErrorBody | undefined

/** Callable under every policy unless expressly forbidden (spec 04 B.4). */
const INFRASTRUCTURE: ReadonlySet<string> = new Set([
  'engine::channels::create',
  'engine::workers::register',
  'engine::log::info',
  'engine::log::warn',
  'engine::log::error',
  'engine::log::debug',
  'engine::log::trace',
  'engine::baggage::get',
  'engine::baggage::set',
  'engine::baggage::get_all',
])

/**
 * May a worker under `policy` call this function? `registered` is the metadata it was registered with (for metadata filters).
 * Sources: spec 04 B.4 (order of the rules), spec 09 §4.
 */
export function checkCall(policy: Policy, namespace: string, id: string, registered: unknown): Refusal {
  switch (policy.kind) {
    case 'engine':
    case 'trusted':
    case 'peer':
      return undefined
    case 'plugin':
      return checkPluginCall(policy, id)
    case 'session':
      return checkSessionCall(policy, namespace, id, registered)
  }
}

function checkPluginCall(policy: Extract<Policy, { kind: 'plugin' }>, id: string): Refusal {
  if (policy.allow === undefined || INFRASTRUCTURE.has(id)) return undefined
  if (policy.allow.some((pattern) => matchesWildcard(pattern, id))) return undefined
  return forbidden(`plugin '${policy.plugin}' may not call '${id}' (add it to 'allow' in the entry '${policy.plugin}')`)
}

function checkSessionCall(
  { rights, exact }: Extract<Policy, { kind: 'session' }>,
  namespace: string,
  id: string,
  registered: unknown,
): Refusal {
  if (id.startsWith(SEAT_PREFIX)) return forbidden(`function '${id}' not allowed (only the engine calls it)`)
  if (rights.forbiddenFunctions.includes(id)) {
    return forbidden(`function '${id}' not allowed (remove from rbac.forbidden_functions)`)
  }
  const grants = Object.hasOwn(rights.namespaces, namespace) ? rights.namespaces[namespace] : undefined
  if (grants?.some((grant) => grantCovers(grant, id, exact))) return undefined
  if (namespace === DEFAULT_NAMESPACE && rights.allowedFunctions.includes(id)) return undefined
  if (INFRASTRUCTURE.has(id)) return undefined
  if (rights.expose.some((filter) => exposes(filter, namespace, id, registered, exact))) return undefined
  return forbidden(`function '${id}' not allowed (add to rbac.expose_functions)`)
}

function grantCovers(grant: string, id: string, exact: ExactGrants): boolean {
  const pattern = patternIn(grant) ?? grant
  return pattern === id || (!exact.covers(id) && matchesWildcard(pattern, id))
}

function exposes(
  filter: ExposeFilter,
  namespace: string,
  id: string,
  registered: unknown,
  exact: ExactGrants,
): boolean {
  if ((filter.namespace ?? DEFAULT_NAMESPACE) !== namespace) return false
  if ('match' in filter) return filter.match === id || (!exact.covers(id) && matchesWildcard(filter.match, id))
  if (exact.covers(id) || typeof registered !== 'object' || registered === null) return false
  const metadata = registered as Record<string, unknown>
  return Object.entries(filter.metadata).every(
    ([key, wanted]) => Object.hasOwn(metadata, key) && metadataMatches(wanted, metadata[key]),
  )
}

function metadataMatches(wanted: unknown, actual: unknown): boolean {
  const pattern = typeof wanted === 'string' ? patternIn(wanted) : undefined
  if (pattern !== undefined) return typeof actual === 'string' && matchesWildcard(pattern, actual)
  return equalsRounded(actual, wanted)
}

/** May calls of a session go past the listener's middleware? Only those to functions of the engine itself (spec 04 B.5). */
export function middlewareOf(policy: Policy): string | undefined {
  return policy.kind === 'trusted' || policy.kind === 'session' ? policy.middleware : undefined
}

/** Trusted workers take precedence over sessions as providers, and sessions never join them (spec 09 §4 c). */
export function isTrusted(policy: Policy): boolean {
  return policy.kind !== 'session'
}

/** What is bound to these runs in the pages of whoever looks after the engine (spec 09 §4 i). */
const KEPT_TRIGGER_TYPES: ReadonlySet<string> = new Set(['console:script', 'console:style'])

/** May a worker register this id at all? Who else owns it is the registry's question. (spec 01 §8.6, 04 B.6, 09 §4) */
export function checkFunctionRegistration(policy: Policy, namespace: string, id: string): Refusal {
  const reserved = id.startsWith('engine::')
  if (reserved && namespace !== DEFAULT_NAMESPACE) return forbidden(`'${id}' is reserved outside namespace 'default'`)
  if (id.startsWith(SEAT_PREFIX) && (policy.kind !== 'plugin' || !policy.builtIn)) {
    return forbidden(`'${id}' belongs to a seat, which only built-in plugins and those that replace one may hold`)
  }
  switch (policy.kind) {
    case 'engine':
    case 'trusted':
      return undefined
    case 'plugin':
      if (reserved && !policy.builtIn)
        return forbidden(`plugin '${policy.plugin}' may not register '${id}': ids beginning 'engine::' are reserved`)
      return undefined
    case 'peer':
      return reserved ? forbidden(`'${id}' is reserved: each engine has its own`) : undefined
    case 'session':
      if (reserved) return forbidden(`'${id}' is reserved`)
      if (!policy.rights.allowFunctionRegistration) return forbidden('this session may not register functions')
      return checkNamespace(policy, namespace)
  }
}

/** May a worker announce itself in this namespace? Only sessions that are scoped to some may not (spec 04 B.4). */
export function checkNamespace(policy: Policy, namespace: string): Refusal {
  if (policy.kind !== 'session') return undefined
  const permitted = Object.keys(policy.rights.namespaces)
  if (permitted.length === 0 || permitted.includes(namespace)) return undefined
  return forbidden(`namespace '${namespace}' not allowed for this session (permitted: ${permitted.join(', ')})`)
}

export function checkTriggerTypeRegistration(policy: Policy, id: string): Refusal {
  if (policy.kind === 'session' && !policy.rights.allowTriggerTypeRegistration) {
    return forbidden(`this session may not register trigger type '${id}'`)
  }
  return undefined
}

export function checkTriggerRegistration(policy: Policy, triggerType: string): Refusal {
  if (policy.kind !== 'session') return undefined
  const allowed = policy.rights.allowedTriggerTypes
  if (KEPT_TRIGGER_TYPES.has(triggerType)) return forbidden(`Trigger type '${triggerType}' is not for sessions.`)
  if (allowed === undefined && policy.exact.coversTriggerType(triggerType)) {
    return forbidden(
      `Trigger type '${triggerType}' is not allowed for this session. It tells what all of the engine does: name it in allowed_trigger_types.`,
    )
  }
  if (allowed === undefined || allowed.includes(triggerType)) return undefined
  return forbidden(`Trigger type '${triggerType}' is not allowed for this session.`)
}

function forbidden(message: string): ErrorBody {
  return { code: 'FORBIDDEN', message }
}
