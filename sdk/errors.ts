// The errors that the handle gives (spec 08 §10).
import { isErrorBody } from '../protocol/errors.ts'

/** A call failed. `code` is the callee's or the engine's, `TIMEOUT` when this side gave up waiting. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError'
  readonly code: string
  /** The id that the caller asked for. */
  readonly function_id: string | undefined
  /** The callee's stack. */
  readonly stacktrace: string | undefined
  /**
   * The engine says that the call reached nobody, so that it is safe to make it again: the function is missing, or takes no calls at the
   * moment. False where it was called, and where that is not known, as over a WebSocket.
   */
  readonly isUndelivered: boolean

  constructor(code: string, message: string, functionId?: string, stacktrace?: string, isUndelivered = false) {
    super(`${code}: ${message}`)
    this.code = code
    this.function_id = functionId
    this.stacktrace = stacktrace
    this.isUndelivered = isUndelivered
  }
}

/** Reads the `error` member of a result; another shape than an error body becomes code `UNKNOWN`. */
export function invocationErrorFrom(value: unknown, functionId: string, isUndelivered: boolean): InvocationError {
  if (isErrorBody(value))
    return new InvocationError(value.code, value.message, functionId, value.stacktrace, isUndelivered)
  return new InvocationError(
    'UNKNOWN',
    typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)),
    functionId,
  )
}
