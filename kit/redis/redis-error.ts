// What can go wrong with Redis, in words that name the address and the remedy, never the password.

/**
 * - `unreachable`: there is no connection; nothing was sent.
 * - `interrupted`: the connection broke before the answer came; whether the command took effect is unknown.
 * - `refused`: Redis answered with an error; the command had no effect.
 */
export type RedisFailure = 'unreachable' | 'interrupted' | 'refused'

export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly failure: RedisFailure

  constructor(failure: RedisFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

/** The reason in one phrase. Node gathers the attempts on several addresses in one error without a message of its own. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined
  return (
    error.message ||
    (first instanceof Error ? first.message : '') ||
    (error as NodeJS.ErrnoException).code ||
    error.name
  )
}

/** Redis answers errors as `CODE text`; the client's own errors do not look like that. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/**
 * Takes the arguments of the command off an error of the client: they may be a password, or a large value, and would be shown
 * wherever the error is printed as a cause.
 */
export function withoutArguments(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command')
  return error
}

/** For a failed start: what was tried, why it failed, and what to do. */
export function connectFailure(address: string, setting: string, error: unknown): RedisError {
  const reason = reasonOf(error)
  const where = `Redis at ${address} (${setting})`
  const cause = { cause: withoutArguments(error) }
  if (/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/.test(reason)) {
    return new RedisError(
      'refused',
      `${where} refused the user name or password: ${reason}. Correct them in the URL.`,
      cause,
    )
  }
  if (isReply(error)) return new RedisError('refused', `${where} refused the connection: ${reason}`, cause)
  return new RedisError('unreachable', `${where} is not reachable: ${reason}. Start it, or correct the setting.`, cause)
}
