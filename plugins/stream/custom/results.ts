// What the write functions of a custom stream have to return (spec 02 §8); anything else is a `JSON_ERROR`. Values stay JSON text.
import { arrayParts, objectParts } from '../../../kit/bridge/json-parts.ts'
import { describeValue } from '../../../kit/functions/input-reader.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { customFunctionId, type StreamOperation } from './custom-streams.ts'

/** Each as JSON text. */
export interface Written {
  /** undefined = there was none. */
  readonly old: string | undefined
  readonly value: string
  /** Failed operations of an update; undefined = none. */
  readonly errors: string | undefined
}

/** `{ old_value?, new_value, errors? }`. */
export function readWritten(operation: 'set' | 'update', result: string, stream: string): Written {
  const parts = objectParts(result)
  if (parts === undefined) return wrong(operation, stream, `an object with new_value, got ${described(result)}`)
  const value = parts.get('new_value')
  if (value === undefined) {
    return wrong(operation, stream, `an object with new_value, got the members ${memberNames(parts)}`)
  }
  const errors = operation === 'update' ? present(parts.get('errors')) : undefined
  const failures = errors === undefined ? [] : arrayParts(errors)
  if (failures === undefined) return wrong(operation, stream, `errors as an array, got ${described(errors!)}`)
  return { old: present(parts.get('old_value')), value, errors: failures.length === 0 ? undefined : errors }
}

/** `{ old_value? }`: the old value, undefined = there was none. */
export function readDeleted(result: string, stream: string): string | undefined {
  const parts = objectParts(result)
  if (parts === undefined) return wrong('delete', stream, `an object, got ${described(result)}`)
  return present(parts.get('old_value'))
}

/** null counts as absent. */
function present(part: string | undefined): string | undefined {
  return part === 'null' ? undefined : part
}

function wrong(operation: StreamOperation, stream: string, expected: string): never {
  throw new CodedError(
    'JSON_ERROR',
    `${customFunctionId(operation, stream)} must return ${expected}. The write may have happened; no event was emitted.`,
  )
}

function described(json: string): string {
  return describeValue(JSON.parse(json))
}

function memberNames(parts: ReadonlyMap<string, string>): string {
  return [...parts.keys()].slice(0, 10).join(', ') || '(none)'
}
