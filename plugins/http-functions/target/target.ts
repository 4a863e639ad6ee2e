// What a registration says of the endpoint behind a function (spec 06 B.1), read and checked. Pure but for the environment.
import { shownAddress } from '../../../kit/net/shown-address.ts'
import { didYouMean } from '../../../base/values/closest-name.ts'
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { readAuth, type Auth, type EnvironmentRules } from './auth.ts'
import { badInvocation } from './bad-invocation.ts'
import { readCircuitRule, type CircuitRule } from './circuit-rule.ts'
import { readHeaders, type Header } from './header-rules.ts'
import { readRetryRule, type RetryRule } from './retry-rule.ts'
import { URL_REFUSED } from './url-security.ts'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

export const DEFAULT_METHOD: Method = 'POST'
export const DEFAULT_TIMEOUT_MS = 30_000
export const MAX_TIMEOUT_MS = 60_000

export interface Target {
  readonly url: URL
  readonly method: Method
  /** For all of a call, retries included. */
  readonly timeoutMs: number
  readonly headers: readonly Header[]
  readonly auth: Auth | undefined
  /** undefined = one attempt. */
  readonly retry: RetryRule | undefined
  /** undefined = none. */
  readonly circuit: CircuitRule | undefined
}

export interface TargetRules extends EnvironmentRules {
  /** For targets that say nothing of one. */
  readonly circuit: CircuitRule | undefined
  /** Told of headers that are left out. */
  readonly onIgnored?: (header: string) => void
  /** Told of the first member that means nothing, shortened. `hint`: what may have been meant, as a sentence behind a space, or empty. */
  readonly onUnknown?: (member: string, hint: string) => void
}

/** Throws CodedError: `url_validation_failed`, `invalid_invocation`, or of `readAuth`. */
export function readTarget(invocation: unknown, rules: TargetRules): Target {
  if (!isRecord(invocation)) throw badInvocation(`invocation must be an object, not ${shownValue(invocation)}`)
  const { url, headers, auth, retry, circuit_breaker: circuit } = invocation
  if (rules.onUnknown !== undefined) tellUnknown(invocation, rules.onUnknown)
  return {
    url: readUrl(url),
    method: readMethod(invocation['method'] ?? DEFAULT_METHOD),
    timeoutMs: readTimeout(invocation['timeout_ms'] ?? DEFAULT_TIMEOUT_MS),
    headers: headers == null ? [] : readHeaders(headers, rules.onIgnored),
    auth: auth == null ? undefined : readAuth(auth, rules),
    retry: retry == null ? undefined : readRetryRule(retry),
    circuit: circuit == null ? rules.circuit : readCircuitRule(circuit),
  }
}

const MEMBERS: ReadonlySet<string> = new Set([
  'url',
  'method',
  'timeout_ms',
  'headers',
  'auth',
  'retry',
  'circuit_breaker',
])

function tellUnknown(invocation: Readonly<Record<string, unknown>>, tell: NonNullable<TargetRules['onUnknown']>): void {
  const unknown = Object.keys(invocation).find((member) => !MEMBERS.has(member))
  if (unknown !== undefined) tell(unknown.slice(0, MAX_SHOWN), didYouMean(unknown, MEMBERS))
}

function readUrl(written: unknown): URL {
  if (typeof written !== 'string') throw invalidUrl(`${shownValue(written)} is no text`)
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || url.hostname === '')
    throw invalidUrl(`'${shownPart(written)}' names no host; write https://host/path`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalidUrl(`'${url.protocol}' is neither https: nor http:`)
  // It would stand in listings, logs and errors.
  if (url.username !== '' || url.password !== '')
    throw invalidUrl(`the URL of '${url.host}' holds a user name or a password; use auth, or a header`)
  return url
}

function readMethod(written: unknown): Method {
  if ((METHODS as readonly unknown[]).includes(written)) return written as Method
  throw badInvocation(`method must be one of ${METHODS.join(', ')}, not ${shownValue(written)}`)
}

function readTimeout(written: unknown): number {
  if (typeof written === 'number' && Number.isFinite(written) && written > 0) return Math.min(written, MAX_TIMEOUT_MS)
  throw badInvocation(`timeout_ms must be a number above 0, not ${shownValue(written)}`)
}

/** Characters of a URL that can't be read which a message shows. */
const MAX_SHOWN = 60

/** Without what may be secret in it. */
function shownPart(written: string): string {
  const plain = shownAddress(written)
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain
}

function invalidUrl(reason: string): CodedError {
  return new CodedError(URL_REFUSED, `Invalid URL: ${reason}`)
}
