// From the wire form of `ops` to decoded operations (spec 02 §4.1). Anything malformed fails the whole call,
// before any effect; the limits of §4.4 are not checked here: they are errors of single operations.
import { doubleOf, isExactNumber, parseUnrounded } from '../../base/values/exact-json.ts'
import { isRecord } from '../../base/values/is-record.ts'
import type { JsonValue } from '../../base/values/json-value.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { describeValue, type InputObject, type InputReader } from '../functions/input-reader.ts'
import { UPDATE_OPERATION_TYPES, type UpdateOperation, type UpdatePath } from './operation.ts'

/** Double of 2^63: JSON numbers are doubles here, so the ends of the signed 64-bit range coincide with it. */
const INTEGER_LIMIT = 2 ** 63

/** Reads the member `ops` of an update's input, which may be `carried`: then its numbers are not rounded. */
export function decodeUpdateOperations(input: InputObject, reader: InputReader): UpdateOperation[] {
  const { ops } = input
  const members = ops instanceof RawJson ? { ops: parseUnrounded(ops.json) } : input
  return reader.array(members, 'ops').map((operation, index) => decodeOperation(operation, `ops[${index}]`, reader))
}

function decodeOperation(operation: unknown, place: string, reader: InputReader): UpdateOperation {
  if (!isRecord(operation) || isExactNumber(operation)) {
    return reader.fail(`\`${place}\` must be an object, got ${describeValue(operation)}`)
  }
  const members = operation as InputObject
  const type = Object.hasOwn(members, 'type') ? members['type'] : undefined
  switch (type) {
    case 'set': {
      const value = Object.hasOwn(members, 'value') ? (members['value'] as JsonValue) : null
      return { type, path: literalPath(members, place, reader), value }
    }
    case 'merge':
    case 'append':
      return { type, path: nestedPath(members, place, reader), value: requiredValue(members, place, reader) }
    case 'increment':
    case 'decrement':
      return { type, path: literalPath(members, place, reader), by: amount(members, place, reader) }
    case 'remove':
      return { type, path: literalPath(members, place, reader) }
    default:
      return reader.fail(
        `\`${place}.type\` must be one of ${UPDATE_OPERATION_TYPES.join(', ')}, got ${describeValue(type)}`,
      )
  }
}

/** A required string: one member name, or `""` for the root. */
function literalPath(members: InputObject, place: string, reader: InputReader): UpdatePath {
  const path = Object.hasOwn(members, 'path') ? members['path'] : undefined
  if (typeof path !== 'string') {
    return reader.fail(`\`${place}.path\` must be a string, got ${describeValue(path)}`)
  }
  return path === '' ? [] : [path]
}

/** A string, an array of strings, null or nothing. */
function nestedPath(members: InputObject, place: string, reader: InputReader): UpdatePath {
  const path = Object.hasOwn(members, 'path') ? members['path'] : undefined
  if (path === undefined || path === null || path === '') return []
  if (typeof path === 'string') return [path]
  if (!Array.isArray(path)) {
    return reader.fail(`\`${place}.path\` must be a string, an array of strings or null, got ${describeValue(path)}`)
  }
  const odd = path.findIndex((segment) => typeof segment !== 'string')
  if (odd >= 0) {
    return reader.fail(`\`${place}.path[${odd}]\` must be a string, got ${describeValue(path[odd])}`)
  }
  return path as string[]
}

function requiredValue(members: InputObject, place: string, reader: InputReader): JsonValue {
  if (!Object.hasOwn(members, 'value')) return reader.fail(`\`${place}.value\` is missing (any JSON value)`)
  return members['value'] as JsonValue
}

function amount(members: InputObject, place: string, reader: InputReader): number {
  const given = Object.hasOwn(members, 'by') ? members['by'] : undefined
  const by = doubleOf(given)
  if (by === undefined || !Number.isInteger(by) || Math.abs(by) > INTEGER_LIMIT) {
    return reader.fail(`\`${place}.by\` must be an integer of at most 64 bits, got ${describeValue(given)}`)
  }
  return by
}
