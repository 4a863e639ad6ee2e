// How a request proves who makes it (spec 06 B.1–B.2). What a registration names are environment variables of the engine; their values
// are read here, put into requests, and shown nowhere.
import { createHmac } from 'node:crypto'
import { matchesWildcard } from '../../../base/values/wildcard.ts'
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { badInvocation } from './bad-invocation.ts'
import { headerName, isHeaderValue, type Header } from './header-rules.ts'

export type AuthKind = 'hmac' | 'bearer' | 'api_key'

export interface Auth {
  /** What it adds to a request. */
  headers(timestamp: string, body: Buffer): readonly Header[]
}

export interface EnvironmentRules {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Patterns of names that may be read; undefined = any. */
  readonly allowList: readonly string[] | undefined
}

/** The member that names the variable, and the code for one that can not be used. */
const KINDS: Readonly<Record<AuthKind, { readonly member: string; readonly code: string }>> = {
  hmac: { member: 'secret_key', code: 'secret_not_found' },
  bearer: { member: 'token_key', code: 'token_not_found' },
  api_key: { member: 'value_key', code: 'api_key_not_found' },
}

/** Throws CodedError: `invalid_invocation`, or by kind `secret_not_found`, `token_not_found`, `api_key_not_found`. */
export function readAuth(written: unknown, rules: EnvironmentRules): Auth {
  if (!isRecord(written)) throw badInvocation(`auth must be an object, not ${typeof written}`)
  const { type } = written
  if (typeof type !== 'string' || !Object.hasOwn(KINDS, type))
    throw badInvocation(`auth.type must be one of ${Object.keys(KINDS).join(', ')}, not ${shownValue(type)}`)
  const kind = type as AuthKind
  const { member, code } = KINDS[kind]
  const name = written[member]
  if (typeof name !== 'string' || name === '')
    throw badInvocation(`auth.${member} must name an environment variable of the engine`)
  const secret = readVariable(name, rules, `auth.${member}`, code)
  switch (kind) {
    case 'hmac':
      return { headers: (timestamp, body) => [['x-iii-Signature', signature(secret, timestamp, body)]] }
    case 'bearer': {
      const header: Header = ['Authorization', `Bearer ${secret}`]
      return { headers: () => [header] }
    }
    case 'api_key': {
      const header: Header = [headerName(written['header'], 'auth.header'), secret]
      return { headers: () => [header] }
    }
  }
}

function readVariable(name: string, { env, allowList }: EnvironmentRules, where: string, code: string): string {
  if (allowList !== undefined && !allowList.some((pattern) => matchesWildcard(pattern, name)))
    throw new CodedError(
      code,
      `${where} names '${name}', which no pattern of security.auth_env_allowlist matches; name another variable, or add it there`,
    )
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined || value === '')
    throw new CodedError(
      code,
      `${where} names the environment variable '${name}', which the engine does not have; set it and start the engine again`,
    )
  if (!isHeaderValue(value))
    throw new CodedError(
      code,
      `${where}: the value of the environment variable '${name}' can not stand in a header; look for a line break in it`,
    )
  return value
}

function signature(secret: string, timestamp: string, body: Buffer): string {
  const mac = createHmac('sha256', secret).update(`${timestamp}:`).update(body.toString('base64'))
  return `sha256=${mac.digest('hex')}`
}
