// The auth function: asked once per connection who it is (spec 04 B.3). Any error of it refuses the connection.
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { SessionQuestion } from '../../protocol/seats.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { Handle } from '../../sdk/plugin.ts'
import { readAuthResult, type AuthResult } from './auth-result.ts'

export const AUTH_MS = 30_000

/** @throws CodedError `AUTH_ERROR` with the reason in words for whoever connects. */
export async function askAuth(
  iii: Pick<Handle, 'trigger'>,
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
      throw new CodedError('AUTH_ERROR', reasonOf(error, functionId), { cause: error })
    })
  return readAuthResult(result === undefined ? null : parseUnrounded(result.json))
}

/** What the handler said; of an error of the call itself what the engine said. */
function reasonOf(error: unknown, functionId: string): string {
  if (!(error instanceof InvocationError)) return (error as Error).message
  if (error.code === 'TIMEOUT') return `auth function '${functionId}' did not answer within ${AUTH_MS} ms`
  const lead = `${error.code}: `
  const message = error.message.startsWith(lead) ? error.message.slice(lead.length) : error.message
  // Behind it stands which functions there are instead: nothing for whoever is at the door.
  const missing = `Function ${functionId} not found`
  return message.startsWith(missing) ? missing : message
}
