// Why a call over the bridge failed, as its caller hears it: one code for all of it (spec 06 C.2), but for what was not even tried.
import { tellsCircle } from '../../kit/bridge/hops.ts'
import { CodedError } from '../../protocol/errors.ts'
import { CallTimeout, InvocationError } from '../../sdk/errors.ts'
import { ConnectionError } from '../../sdk/transports/connection-error.ts'

/** @param isOpen whether the connection is still meant to be there */
export function bridgeFailure(error: unknown, isOpen: boolean): CodedError {
  if (error instanceof CodedError) return error
  const options = { cause: error }
  if (!(error instanceof InvocationError)) {
    const message = error instanceof Error ? error.message : String(error)
    return new CodedError('bridge_error', message, options)
  }
  const { code } = error
  const message = error.message.slice(code.length + 2)
  if (error instanceof ConnectionError || error instanceof CallTimeout)
    return new CodedError('bridge_error', message, options)
  // Of this side: too much waits to be sent, and nothing of this call was.
  if (code === 'overloaded' && error.isUndelivered) return new CodedError(code, message, options)
  if (code === 'invocation_stopped' && !isOpen)
    return new CodedError('bridge_error', 'The bridge was closed. The call may have been carried out.', options)
  if (code === 'bridge_error' && tellsCircle(message)) return new CodedError(code, message, options)
  return new CodedError('bridge_error', `remote error (${code}): ${message}`, options)
}
