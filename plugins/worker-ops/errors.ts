// The error of every operation on workers (spec 05 B.3): a code, and as its message on the wire the JSON text of an envelope.
// The codes stand in error-codes.ts.
import { CodedError } from '../../protocol/errors.ts'
import type { WorkerOpCode } from './error-codes.ts'

export type { WorkerOpCode } from './error-codes.ts'

export class WorkerOpError extends CodedError {
  /** The plain message; `message` is the envelope as JSON text. */
  readonly text: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: WorkerOpCode,
    text: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, JSON.stringify({ type: 'WorkerOpError', code, message: text, details }), options)
    this.text = text
    this.details = details
  }
}

/** Whatever was thrown, as the error of an operation. */
export function toWorkerOpError(thrown: unknown): WorkerOpError {
  if (thrown instanceof WorkerOpError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new WorkerOpError('W900', message, { message }, { cause: thrown })
}
