// Why a call has no answer of its endpoint (spec 06 B.3).
import { CodedError } from '../../../protocol/errors.ts'

/** `http_request_failed`: no answer began. `http_response_failed`: one began and could not be read. `response_too_large`: more than may be. */
export type CallErrorCode = 'http_request_failed' | 'http_response_failed' | 'response_too_large'

/** Causes that are told, the outermost first. */
const MAX_CAUSES = 5

export class CallError extends CodedError {
  /** Another attempt may fare better. */
  readonly isPassing: boolean
  /** The endpoint has not seen the request. */
  readonly isUnsent: boolean

  constructor(
    code: CallErrorCode,
    message: string,
    options: ErrorOptions & { isPassing: boolean; isUnsent?: boolean },
  ) {
    super(code, message, options)
    this.isPassing = options.isPassing
    this.isUnsent = options.isUnsent ?? false
  }

  /** The same, with what failed in front. */
  of(subject: string): CallError {
    const { code, message, isPassing, isUnsent } = this
    return new CallError(code as CallErrorCode, `${subject}: ${message}`, { cause: this.cause, isPassing, isUnsent })
  }
}

/** The messages of an error and of what caused it: `connect ECONNREFUSED 127.0.0.1:9`. */
export function causesOf(error: unknown): string {
  const told: string[] = []
  for (let cause = error; cause instanceof Error && told.length < MAX_CAUSES; cause = cause.cause) {
    const inner: unknown[] = cause instanceof AggregateError ? cause.errors : []
    const message =
      cause.message || inner.map((each) => (each instanceof Error ? each.message : String(each))).join(', ')
    const { code } = cause as NodeJS.ErrnoException
    const text = code === undefined || message.includes(code) ? message : `${message} (${code})`
    if (text !== '' && !told.includes(text)) told.push(text)
  }
  return told.join(': ') || 'for no reason that is known'
}
