// Whether a registration may have the target that it names (spec 06 B.1): for everybody what the URL rules say, for sessions more.
import { isRecord } from '../../base/values/is-record.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { HttpInvokerTarget } from '../../protocol/seats.ts'
import type { HttpFunctionsSettings } from './settings.ts'
import { readTarget, type Target, type TargetRules } from './target/target.ts'
import { URL_REFUSED } from './target/url-security.ts'

/** Throws CodedError: of `readTarget`, or `FORBIDDEN`, `url_validation_failed` for a session. */
export function readRegisteredTarget(
  { invocation, is_session }: HttpInvokerTarget,
  settings: HttpFunctionsSettings,
  rules: TargetRules,
): Target {
  if (is_session) refuseToSessions(invocation, settings)
  return readTarget(invocation, rules)
}

function refuseToSessions(invocation: unknown, { allowSessionAuth, namesHosts }: HttpFunctionsSettings): void {
  const auth = isRecord(invocation) ? invocation['auth'] : undefined
  if (auth != null && !allowSessionAuth)
    throw new CodedError(
      'FORBIDDEN',
      "a session may not register a function with auth: it would name a secret of the engine; the operator's setting security.allow_session_auth allows it",
    )
  if (!namesHosts)
    throw new CodedError(
      URL_REFUSED,
      "URL not in allowlist: sessions may register HTTP-invoked functions only for hosts that the operator's setting security.url_allowlist names",
    )
}
