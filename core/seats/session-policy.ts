// Asks the holder of the seat `session-policy` what a connection to a listener with `rbac` may do (spec 04 B.3, 09 §4).
import { CodedError } from '../../protocol/errors.ts'
import { SEATS } from '../../protocol/seats.ts'
import type { ListenerRbac } from '../config/listener-schema.ts'
import { withDeadline } from '../../base/time/deadline.ts'
import type { Policy, SessionRights } from '../model/policy.ts'
import type { Router } from '../router/router.ts'
import type { AuthInput } from './auth-input.ts'

const AUTH_MS = 30_000

export interface SessionQuestion {
  /** Instance id of the listener. */
  readonly listener: string
  readonly rbac: ListenerRbac
  readonly middleware: string | undefined
  readonly input: AuthInput
}

/** @throws CodedError with code AUTH_ERROR and the reason. */
export async function sessionPolicy(router: Router, question: SessionQuestion): Promise<Policy> {
  const { listener, rbac, middleware, input } = question
  const data = Buffer.from(JSON.stringify({ listener, auth_function_id: rbac.auth_function_id ?? null, ...input }))
  try {
    const asked = router.invoke({ functionId: SEATS['session-policy'], data })
    const answer = await withDeadline(
      asked,
      AUTH_MS,
      () => new Error(`no decision on the connection within ${AUTH_MS} ms`),
    )
    if (answer === undefined) throw new CodedError('AUTH_ERROR', 'auth function returned no result')
    return { kind: 'session', rights: readRights(JSON.parse(answer.toString()), rbac), middleware }
  } catch (error) {
    throw new CodedError('AUTH_ERROR', (error as Error).message, { cause: error })
  }
}

/** @throws CodedError naming the member of an unexpected shape. */
function readRights(result: unknown, rbac: ListenerRbac): SessionRights {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw new CodedError('AUTH_ERROR', 'auth function returned no result')
  }
  const members = result as Record<string, unknown>
  const expiresIn = optional(members, 'expires_in_ms', isPositive, 'a positive number')
  return {
    allowedFunctions: optional(members, 'allowed_functions', isStrings, 'a list of strings') ?? [],
    forbiddenFunctions: optional(members, 'forbidden_functions', isStrings, 'a list of strings') ?? [],
    allowedTriggerTypes: optional(members, 'allowed_trigger_types', isStrings, 'a list of strings'),
    allowFunctionRegistration: optional(members, 'allow_function_registration', isBoolean, 'true or false') ?? true,
    allowTriggerTypeRegistration:
      optional(members, 'allow_trigger_type_registration', isBoolean, 'true or false') ??
      rbac.auth_function_id === undefined,
    context: optional(members, 'context', isRecord, 'an object') ?? {},
    prefix: optional(members, 'function_registration_prefix', isName, 'a non-empty string'),
    namespaces: optional(members, 'namespaces', isGrants, 'an object of lists of strings') ?? {},
    expose: rbac.expose_functions,
    expiresAt: expiresIn === undefined ? undefined : Date.now() + expiresIn,
    onFunctionRegistration: rbac.on_function_registration_function_id,
    onTriggerRegistration: rbac.on_trigger_registration_function_id,
    onTriggerTypeRegistration: rbac.on_trigger_type_registration_function_id,
  }
}

function optional<Value>(
  members: Record<string, unknown>,
  name: string,
  is: (value: unknown) => value is Value,
  expected: string,
): Value | undefined {
  const value = members[name]
  if (value === undefined || value === null) return undefined
  if (!is(value)) throw new CodedError('AUTH_ERROR', `'${name}' of the auth result must be ${expected}`)
  return value
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isGrants(value: unknown): value is Record<string, string[]> {
  return isRecord(value) && Object.values(value).every(isStrings)
}
