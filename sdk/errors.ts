// The errors that the handle gives (spec 08 §10).
import { isErrorBody } from '../protocol/errors.ts'

/** What an `InvocationError` is made of. */
export interface InvocationErrorInit {
  readonly code: string
  readonly message: string
  readonly function_id?: string | undefined
  readonly stacktrace?: string | undefined
}

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

  constructor(init: InvocationErrorInit)
  constructor(code: string, message: string, functionId?: string, stacktrace?: string, isUndelivered?: boolean)
  constructor(
    of: string | InvocationErrorInit,
    message = '',
    function_id?: string,
    stacktrace?: string,
    isUndelivered = false,
  ) {
    const init = typeof of === 'string' ? { code: of, message, function_id, stacktrace } : of
    super(`${init.code}: ${init.message}`)
    this.code = init.code
    this.function_id = init.function_id
    this.stacktrace = init.stacktrace
    this.isUndelivered = isUndelivered
  }
}

/** This side gave up waiting: what sets it apart from an error of the callee that has the same code. */
export class CallTimeout extends InvocationError {
  constructor(message: string, functionId: string) {
    super('TIMEOUT', message, functionId)
  }
}

/** What the engine says when it does not take a worker. */
export interface RegistrationRejectedInit {
  readonly code: string
  readonly namespace: string
  readonly worker_name?: string | undefined
  readonly function_id?: string | undefined
  readonly owner_worker_id: string
}

/** The engine does not take this worker: calls end with this, and it does not connect again. */
export class RegistrationRejectedError extends Error {
  override readonly name = 'RegistrationRejectedError'
  readonly code: string
  readonly namespace: string
  readonly worker_name: string | undefined
  readonly function_id: string | undefined
  /** Of the worker that has the name or the function; empty when the engine does not say. */
  readonly owner_worker_id: string

  constructor({ code, namespace, worker_name, function_id, owner_worker_id }: RegistrationRejectedInit) {
    const what = function_id === undefined ? `worker "${worker_name ?? ''}"` : `function "${function_id}"`
    super(
      `${code}: registration rejected for ${what} in namespace "${namespace}" (already owned by worker ${owner_worker_id})`,
    )
    this.code = code
    this.namespace = namespace
    this.worker_name = worker_name
    this.function_id = function_id
    this.owner_worker_id = owner_worker_id
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
