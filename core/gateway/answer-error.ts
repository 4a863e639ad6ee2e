// The error of an answer as it goes to the caller, as raw JSON (spec 01 §3, §6).
import { isErrorBody, toErrorBody, type ErrorBody } from '../../protocol/errors.ts'

/** The error as it goes to the caller: unchanged if it has the shape of spec 01 §6; undefined for an explicit null. */
export function normalisedError(raw: Buffer): Buffer | undefined {
  let error: unknown
  try {
    error = JSON.parse(raw.utf8Slice())
  } catch {
    error = raw.utf8Slice()
  }
  if (error === null) return undefined
  if (isErrorBody(error)) return raw
  return Buffer.from(JSON.stringify(withoutNullStack(error) ?? toErrorBody(error)))
}

/** Serialisers that write absent members as null mean an error without a stack. */
function withoutNullStack(error: unknown): ErrorBody | undefined {
  if (typeof error !== 'object') return undefined
  const { stacktrace, ...body } = error as { stacktrace?: unknown }
  return stacktrace === null && isErrorBody(body) ? body : undefined
}

/** The body that tells of a frame which could not be decoded. */
export function invalidMessage(problem: string): Buffer {
  return Buffer.from(JSON.stringify({ code: 'invalid_message', message: problem }))
}
