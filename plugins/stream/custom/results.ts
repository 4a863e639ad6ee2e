// What the write functions of a custom stream have to return (spec 02 §8); anything else is a `JSON_ERROR`.
import { describeValue } from '../../../kit/functions/input-reader.ts'
import { isJsonObject } from '../../../base/values/json-value.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { customFunctionId, type StreamOperation } from './custom-streams.ts'

export interface Written {
  /** undefined = there was none. */
  readonly old: unknown
  readonly value: unknown
  /** Failed operations of an update; undefined = none. */
  readonly errors: readonly unknown[] | undefined
}

/** `{ old_value?, new_value, errors? }`. */
export function readWritten(operation: 'set' | 'update', result: unknown, stream: string): Written {
  if (!isJsonObject(result)) return wrong(operation, stream, `an object with new_value, got ${describeValue(result)}`)
  if (!Object.hasOwn(result, 'new_value')) {
    return wrong(operation, stream, `an object with new_value, got the members ${memberNames(result)}`)
  }
  const errors = operation === 'update' ? (result['errors'] ?? undefined) : undefined
  if (errors !== undefined && !Array.isArray(errors)) {
    return wrong(operation, stream, `errors as an array, got ${describeValue(errors)}`)
  }
  return {
    old: result['old_value'] ?? undefined,
    value: result['new_value'],
    errors: errors?.length === 0 ? undefined : errors,
  }
}

/** `{ old_value? }`: the old value, undefined = there was none. */
export function readDeleted(result: unknown, stream: string): unknown {
  if (!isJsonObject(result)) return wrong('delete', stream, `an object, got ${describeValue(result)}`)
  return result['old_value'] ?? undefined
}

function wrong(operation: StreamOperation, stream: string, expected: string): never {
  throw new CodedError(
    'JSON_ERROR',
    `${customFunctionId(operation, stream)} must return ${expected}. The write may have happened; no event was emitted.`,
  )
}

function memberNames(object: object): string {
  return Object.keys(object).slice(0, 10).join(', ') || '(none)'
}
