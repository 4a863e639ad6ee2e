// Which code another engine's function failed with, from an error of a bridge.
import { InvocationError } from '../../sdk/errors.ts'
import { ConnectionError } from '../../sdk/transports/connection-error.ts'

/** undefined when the other engine did not answer with an error. */
export function remoteCode(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof InvocationError && !(cause instanceof ConnectionError) ? cause.code : undefined
}
