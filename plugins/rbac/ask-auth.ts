// The auth function: asked once per connection who it is (spec 04 B.3). Any error of it refuses the connection.
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { CodedError, UNANSWERED } from '../../protocol/errors.ts'
import type { SessionQuestion } from '../../protocol/seats.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { Handle } from '../../sdk/plugin.ts'
import type { AuthOddities } from './auth-oddities.ts'
import { readAuthResult, type AuthResult } from './auth-result.ts'

export const AUTH_MS = 30_000

export interface AuthDeps {
  readonly iii: Pick<Handle, 'trigger'>
  /** For the operator; may be called for every connection. */
  warn(message: string, data: Record<string, unknown>): void
  readonly oddities: AuthOddities
}

/** @throws CodedError `AUTH_ERROR` with the reason in words for whoever connects. */
export async function askAuth(
  { iii, warn, oddities }: AuthDeps,
  functionId: string,
  { headers, query_params, ip_address }: SessionQuestion,
): Promise<AuthResult> {
  const result = await iii
    .trigger({
      function_id: functionId,
      payload: { headers, query_params, ip_address },
      timeoutMs: AUTH_MS,
      raw: true,
    })
    .catch((error: unknown) => {
      const { message, isMishap } = reasonOf(error, functionId)
      if (isMishap) warn(`the auth function '${functionId}' was not asked`, { reason: (error as Error).message })
      throw new CodedError('AUTH_ERROR', message, { cause: error })
    })
  const returned = result === undefined ? null : parseUnrounded(result.json)
  oddities.look(functionId, returned)
  return readAuthResult(returned)
}

/** `message`: what the handler said, word for word. `isMishap`: no handler has refused the connection. */
function reasonOf(error: unknown, functionId: string): { message: string; isMishap: boolean } {
  if (!(error instanceof InvocationError)) return { message: (error as Error).message, isMishap: true }
  const { code } = error
  if (code === 'TIMEOUT')
    return { message: `auth function '${functionId}' did not answer within ${AUTH_MS} ms`, isMishap: true }
  // What the engine says of it is the operator's to know.
  if (UNANSWERED.has(code))
    return { message: `auth function '${functionId}' can not be asked at the moment; try again later`, isMishap: true }
  const said = error.message.slice(`${code}: `.length)
  // Behind it stands which functions there are instead: nothing for whoever is at the door.
  const missing = `Function ${functionId} not found`
  return said.startsWith(missing) ? { message: missing, isMishap: true } : { message: said, isMishap: false }
}
