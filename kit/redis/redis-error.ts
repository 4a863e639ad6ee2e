// What can go wrong with Redis, in words that name the address and the remedy, never the password.

/**
 * - `unreachable`: there is no connection; nothing was sent.
 * - `interrupted`: the connection broke before the answer came; whether the command took effect is unknown.
 * - `refused`: Redis answered with an error; the command had no effect.
 */
export type RedisFailure = 'unreachable' | 'interrupted' | 'refused'

/** A command that failed; `failure` says in which way. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly failure: RedisFailure

  constructor(failure: RedisFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

/** Where in a script of ours a command was refused: of no use to whoever reads it. */
const SCRIPT_PLACE = / script: [0-9a-f]{40}, on @user_script:\d+\.?$/

/** The reason in one phrase. Node gathers the attempts on several addresses in one error without a message of its own. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined
  return (
    error.message.replace(SCRIPT_PLACE, '') ||
    (first instanceof Error ? first.message : '') ||
    (error as NodeJS.ErrnoException).code ||
    error.name
  )
}

/** Redis answers errors as `CODE text`; the client's own errors do not look like that. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/** The client has no connection any more: it did not send, and Redis knows of nothing. */
export function isHungUp(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable")
}

/** The database of the URL can't be had: there are fewer, or the user may not select. */
export function isSelectRefused(error: unknown): boolean {
  return isReply(error) && (error as { command?: { name?: string } }).command?.name === 'select'
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
  const reason = reasonOf(error).replace(/\.$/, '')
  const where = `Redis at ${address} (${setting})`
  const noDatabase = isSelectRefused(error)
  const cause = { cause: withoutArguments(error) }
  if (noDatabase) {
    const remedy = 'Correct the number at the end of the URL, or give Redis more `databases`.'
    return new RedisError('refused', `${where} refused the database of the URL: ${reason}. ${remedy}`, cause)
  }
  if (reason.startsWith('NOAUTH')) {
    const remedy = 'Put it into the URL: redis://user:password@host:port, or redis://:password@host:port.'
    return new RedisError('refused', `${where} wants a password, and the setting has none. ${remedy}`, cause)
  }
  if (/^(WRONGPASS|ERR invalid password|ERR AUTH)/.test(reason)) {
    return new RedisError(
      'refused',
      `${where} refused the user name or password: ${reason}. Correct them in the URL.`,
      cause,
    )
  }
  if (isReply(error)) return new RedisError('refused', `${where} refused the connection: ${reason}`, cause)
  return new RedisError('unreachable', `${where} is not reachable: ${reason}. Start it, or correct the setting.`, cause)
}
