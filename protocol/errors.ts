// The error codes that the engine itself puts on the wire, and the error class that carries any. Those of built-in workers stand in
// their `about.ts`; `docs/reference/errors.md` documents all, and a test holds the two against each other.

/** `error` member of an `invocationresult` (spec 01 §6 ErrorBody). `stacktrace` is omitted, never null. */
export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly stacktrace?: string
}

/** Every wire code of the engine with its meaning. Codes are case-sensitive (spec 01 §15, 09 §5). */
export const ERROR_CODES = {
  function_not_found: 'No worker provides the function, and none is awaited.',
  invocation_failed: 'The handler threw, or its error had no usable shape.',
  invocation_stopped:
    'The worker that ran the call ended before it answered; of a plugin the message says why. The call may have had effects.',
  channel_send_failed: 'The call could not be written to any provider of the function. It was not delivered.',
  overloaded: 'A limit on waiting or running calls is reached. The call was not delivered and is safe to retry.',
  plugin_unavailable:
    'The plugin that owns the function has failed, or did not come back in time. The call was not delivered and is safe to retry.',
  invalid_message: 'The frame could not be decoded.',
  result_too_large:
    'The answer is larger than the caller can take in one frame. The call has run; send less at once, or use a channel.',
  payload_too_large:
    'The call is larger than the providers of the function can take in one frame. It was not delivered; send less at once, or use a channel.',
  timeout: 'The engine gave up waiting for the answer of a worker.',
  enqueue_error: 'The queue refused the job, or no queue worker is running.',
  FORBIDDEN: 'A policy refuses the call or the registration.',
  AUTH_ERROR: 'The auth function refused the connection, or failed.',
  INVALID_NAMESPACE: 'A namespace is blank.',
  INVALID_ARGUMENTS: 'The arguments of an engine function contradict each other.',
  NOT_FOUND: 'The thing asked for does not exist.',
  deserialization_error: 'The input of a built-in function has the wrong shape.',
  serialization_error: 'A result could not be turned into JSON.',
  trigger_registration_failed: 'The provider of the trigger type refused the binding.',
  trigger_type_not_found: 'The worker does not provide the trigger type that it was asked to bind.',
  unregister_failed: 'The binding could not be removed.',
  FUNCTION_NAMESPACE_CONFLICT: 'The function id belongs to another worker or is reserved.',
  WORKER_NAMESPACE_CONFLICT: 'Another worker of that name is connected (only with `engine.duplicate_workers: reject`).',
  PLUGIN_NOT_FOUND: 'No plugin has that name.',
  PLUGIN_BUILD_FAILED: 'The source of the plugin does not compile.',
  PLUGIN_START_FAILED: 'The plugin could not be imported, or its start function failed.',
  PLUGIN_CONFIG_INVALID: 'The configuration of the plugin does not fit its schema.',
  PLUGIN_BUSY: 'The plugin still has calls in flight and was not replaced.',
  PLUGIN_TIMEOUT: 'The plugin did not start or stop in time.',
  address_unavailable: 'The address that a plugin is to listen on can not be opened.',
  bridge_error:
    'The call to another engine failed: it is not connected, the connection broke, or bridged engines call each other in a circle.',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** Of a call that no handler has answered: it got to none, or its worker ended meanwhile. Who asks again later may get an answer. */
export const UNANSWERED: ReadonlySet<string> = new Set([
  'plugin_unavailable',
  'overloaded',
  'invocation_stopped',
  'channel_send_failed',
] satisfies ErrorCode[])

/** An error that reaches a caller with `code` and `message` as they are; anything else thrown becomes `invocation_failed`. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: string

  constructor(code: ErrorCode | (string & {}), message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message }
  }
}

/**
 * Turns anything thrown, or the `error` member that a worker sent, into an error body.
 * A body of the right shape passes unchanged; other shapes become `invocation_failed` (spec 01 §6, Ours).
 */
export function toErrorBody(thrown: unknown): ErrorBody {
  if (thrown instanceof CodedError) return thrown.toBody()
  if (thrown instanceof Error) {
    const body = { code: 'invocation_failed', message: thrown.message }
    return thrown.stack === undefined ? body : { ...body, stacktrace: thrown.stack }
  }
  if (isErrorBody(thrown)) return thrown
  const message = typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
  return { code: 'invocation_failed', message }
}

/** What is wrong, for an error that goes on under another code: its own code stands in front, unless it is the same one. */
export function messageUnder(code: string, error: { readonly code: string; readonly message: string }): string {
  return error.code === code ? error.message : `${error.code}: ${error.message}`
}

/** Has it the shape of the `error` of a result? */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false
  const { code, message, stacktrace } = value as Record<string, unknown>
  return (
    typeof code === 'string' &&
    typeof message === 'string' &&
    (stacktrace === undefined || typeof stacktrace === 'string')
  )
}
