// Reads the members of a built-in function's input. What does not fit is a `deserialization_error` that names
// the function and the member (spec 01 §15, 02 §1), raised before anything has an effect.
import { isExactNumber } from '../../base/values/exact-json.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { RawJson } from '../../sdk/raw-json.ts'

/** An input: an object of any members. */
export type InputObject = Readonly<Record<string, unknown>>

/** Reads members of the input; what does not fit is a `deserialization_error` that names function and member. */
export class InputReader {
  readonly functionId: string

  constructor(functionId: string) {
    this.functionId = functionId
  }

  /** The input as an object; unknown members are ignored later on by not being read. */
  object(input: unknown): InputObject {
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as InputObject
    return this.fail(`the input must be an object, got ${describeValue(input)}`)
  }

  /** As `object`, for functions whose members are all optional: absent and null count as `{}`. */
  optionalObject(input: unknown): InputObject {
    return input === undefined || input === null ? {} : this.object(input)
  }

  /** A required string; the empty one is legal. */
  string(object: InputObject, member: string): string {
    const value = object[member]
    if (typeof value === 'string') return value
    return this.wrong(object, member, 'a string')
  }

  /** A required member of any type, null included. */
  any(object: InputObject, member: string): unknown {
    if (Object.hasOwn(object, member)) return object[member]
    return this.wrong(object, member, 'any JSON value')
  }

  /** A required member that the function declares as `carried`: its JSON text. */
  carried(object: InputObject, member: string): string {
    return (this.any(object, member) as RawJson).json
  }

  /** A required array. */
  array(object: InputObject, member: string): readonly unknown[] {
    const value = object[member]
    if (Array.isArray(value)) return value
    return this.wrong(object, member, 'an array')
  }

  wrong(object: InputObject, member: string, expected: string): never {
    if (!Object.hasOwn(object, member)) this.fail(`member \`${member}\` is missing (${expected})`)
    return this.fail(`member \`${member}\` must be ${expected}, got ${describeValue(object[member])}`)
  }

  fail(problem: string): never {
    throw new CodedError('deserialization_error', `Failed to deserialize input for ${this.functionId}: ${problem}`)
  }
}

/** Type and value, shortened, for messages. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (isExactNumber(value)) return `number ${value.rawJSON.slice(0, 60)}`
  if (typeof value === 'object') return 'an object'
  const text = shownValue(value)
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}
