// Error bodies as the bytes that stand in frames.
import { CodedError, type ErrorBody } from './errors.ts'

/** The body as it stands in a frame. */
export function errorBytes(body: ErrorBody): Buffer {
  return Buffer.from(JSON.stringify(body))
}

/** The error of a frame, to be thrown. */
export function readError(bytes: Buffer): CodedError {
  const { code, message } = JSON.parse(bytes.toString()) as ErrorBody
  return new CodedError(code, message)
}
