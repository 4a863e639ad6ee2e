// What an auth function returns, checked (spec 04 B.3). Members that are absent or null have their defaults, unknown ones are ignored.
import { doubleOf } from '../../base/values/exact-json.ts'
import { isRecord } from '../../base/values/is-record.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import { CodedError } from '../../protocol/errors.ts'

export interface AuthResult {
  readonly allowed_functions: readonly string[]
  readonly forbidden_functions: readonly string[]
  /** null = all. */
  readonly allowed_trigger_types: readonly string[] | null
  readonly allow_trigger_type_registration: boolean
  readonly allow_function_registration: boolean
  readonly context: Readonly<Record<string, unknown>>
  readonly function_registration_prefix: string | null
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly expires_in_ms: number | null
}

/** Of a listener without auth function. */
export const WITHOUT_AUTH: AuthResult = {
  allowed_functions: [],
  forbidden_functions: [],
  allowed_trigger_types: null,
  allow_trigger_type_registration: true,
  allow_function_registration: true,
  context: {},
  function_registration_prefix: null,
  namespaces: {},
  expires_in_ms: null,
}

const DEFAULTS: AuthResult = { ...WITHOUT_AUTH, allow_trigger_type_registration: false }

interface Rule {
  /** The value as it counts; undefined = of the wrong shape. */
  readonly read: (value: unknown) => unknown
  readonly expected: string
}

const strings: Rule = { read: (value) => (isStrings(value) ? value : undefined), expected: 'a list of function ids' }
const boolean: Rule = {
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  expected: 'true or false',
}

const RULES: Readonly<Record<keyof AuthResult, Rule>> = {
  allowed_functions: strings,
  forbidden_functions: strings,
  allowed_trigger_types: { ...strings, expected: 'a list of trigger types' },
  allow_trigger_type_registration: boolean,
  allow_function_registration: boolean,
  context: { read: (value) => (isRecord(value) ? value : undefined), expected: 'an object' },
  function_registration_prefix: {
    read: (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
    expected: 'a text that is not blank',
  },
  namespaces: { read: readNamespaces, expected: 'an object that gives lists of ids and patterns by namespace' },
  expires_in_ms: { read: readDuration, expected: 'a number of milliseconds above 0' },
}

export const AUTH_RESULT_MEMBERS: ReadonlySet<string> = new Set(Object.keys(RULES))

/** @throws CodedError `AUTH_ERROR` naming the member, the value and what is expected. */
export function readAuthResult(result: unknown): AuthResult {
  if (result === null) throw new CodedError('AUTH_ERROR', 'auth function returned no result')
  if (!isRecord(result))
    throw new CodedError('AUTH_ERROR', `auth function must return an object, not ${shownValue(result)}`)
  const read: Record<string, unknown> = { ...DEFAULTS }
  for (const [name, rule] of Object.entries(RULES)) {
    const written = Object.hasOwn(result, name) ? result[name] : undefined
    if (written === undefined || written === null) continue
    const value = rule.read(written)
    if (value === undefined) {
      const message = `auth function: '${name}' must be ${rule.expected}, not ${shownValue(written)}`
      throw new CodedError('AUTH_ERROR', message)
    }
    read[name] = value
  }
  return read as unknown as AuthResult
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function readNamespaces(value: unknown): unknown {
  if (!isRecord(value)) return undefined
  return Object.entries(value).every(([name, grants]) => name.trim() !== '' && isStrings(grants)) ? value : undefined
}

function readDuration(value: unknown): unknown {
  const ms = doubleOf(value)
  return ms !== undefined && ms > 0 ? ms : undefined
}
