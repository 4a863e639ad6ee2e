// The error of a call that failed on this side: the engine was not there, or the connection to it broke.
import { InvocationError } from '../errors.ts'

/** Codes of the two cases. */
export interface ConnectionCodes {
  /** The call was not sent. */
  readonly away: string
  /** It was, and may have been carried out. */
  readonly broken: string
}

export class ConnectionError extends InvocationError {
  /** The call was sent: it may have been carried out. */
  readonly sent: boolean

  constructor(codes: ConnectionCodes, message: string, functionId: string, sent: boolean) {
    super(sent ? codes.broken : codes.away, message, functionId, undefined, !sent)
    this.sent = sent
  }
}
