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
  return {
    code: 'serialization_error',
    message: `The result of ${functionId} cannot be turned into JSON: ${shownThrown(cause)}`,
  }
}

/** What was thrown may be anything, even something that can't be made a text. */
export function shownThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return 'what it threw cannot be shown'
  }
}

/** JSON of the error body for anything thrown, even for things that can't be read. */
export function errorJson(thrown: unknown): string {
  try {
    return JSON.stringify(toErrorBody(thrown))
  } catch {
    return JSON.stringify({ code: 'invocation_failed', message: 'The handler threw something that cannot be shown' })
  }
}

/** The promise that the outcome of a handler is or can be awaited as; undefined = it is a value. Never throws, whatever its `then` does. */
export function promiseOf(outcome: unknown): Promise<unknown> | undefined {
  if (typeof outcome !== 'object' || outcome === null) return undefined
  try {
    return typeof (outcome as { then?: unknown }).then === 'function' ? Promise.resolve(outcome) : undefined
  } catch (error) {
    return Promise.reject(error)
  }
}
