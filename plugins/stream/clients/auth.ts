// Asks the auth function of the listener about a connection that is being opened (spec 02 §6.6).
import { isRecord } from '../../../base/values/is-record.ts'
import type { UpgradeRequest } from '../../../base/net/plain-upgrade.ts'
import type { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import { addressOf } from './client-socket.ts'
import type { ClientSettings } from './settings.ts'
import type { RequestTarget } from './upgrade-path.ts'

export interface AuthInput {
  /** Lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
  /** Percent-decoded; every value in an array. */
  readonly query_params: Readonly<Record<string, readonly string[]>>
  /** `ip:port` of the peer. */
  readonly addr: string
}

export function authInput(request: UpgradeRequest, { path, query }: RequestTarget): AuthInput {
  return { headers: headersOf(request), path, query_params: query, addr: addressOf(request.socket) }
}

export type Admission = { readonly admitted: true; readonly context: unknown } | { readonly admitted: false }

/** Whatever fails lets the client in without context, unless `auth_required` is set: then only an object that does not refuse does. */
export async function admit(
  iii: Caller,
  { authFunction, authRequired, limits }: ClientSettings,
  input: AuthInput,
  failures: LimitedWarning,
): Promise<Admission> {
  if (authFunction === undefined) return { admitted: true, context: null }
  let result: unknown
  try {
    result = await iii.trigger({ function_id: authFunction, payload: input, timeoutMs: limits.auth_timeout_ms })
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
    const outcome = authRequired ? 'the client was refused' : 'the client was let in without context'
    failures.warn(`The auth function ${authFunction} failed; ${outcome}.`, { code, error: message ?? String(error) })
  }
  const { context = null, unauthorized } = (isRecord(result) ? result : {}) as {
    context?: unknown
    unauthorized?: unknown
  }
  if (authRequired && (!isRecord(result) || unauthorized === true)) return { admitted: false }
  return { admitted: true, context }
}

function headersOf({ rawHeaders }: UpgradeRequest): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const value = rawHeaders[at + 1]!
    if (/^[\t\x20-\x7e]*$/.test(value)) headers[rawHeaders[at]!.toLowerCase()] = value
  }
  return headers
}
