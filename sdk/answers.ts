// From what a handler returns or throws to the JSON of its answer.
import { toErrorBody, type ErrorBody } from '../protocol/errors.ts'
import { RawJson } from './raw-json.ts'

/** JSON text of a value; undefined for values that JSON has not (undefined, functions, symbols). Throws on cycles and bigints. */
export function toJson(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  return value instanceof RawJson ? value.json : JSON.stringify(value)
}

export function serializationError(functionId: string, cause: unknown): ErrorBody {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return { code: 'serialization_error', message: `The result of ${functionId} cannot be turned into JSON: ${reason}` }
}

/** JSON of the error body for anything thrown, even for things that can't be read. */
export function errorJson(thrown: unknown): string {
  try {
    return JSON.stringify(toErrorBody(thrown))
  } catch {
    return JSON.stringify({ code: 'invocation_failed', message: 'The handler threw something that cannot be shown' })
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
