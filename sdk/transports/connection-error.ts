// The error of a call that failed on this side: the engine was not there, or the connection to it broke.
import { InvocationError } from '../errors.ts'

export class ConnectionError extends InvocationError {
  /** The call was sent: it may have been carried out. */
  readonly sent: boolean

  constructor(message: string, functionId: string, sent: boolean) {
    super('bridge_error', message, functionId)
    this.sent = sent
  }
}
