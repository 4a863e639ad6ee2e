// Reads the input of an engine function: unknown members are ignored, null counts as absent, a wrong type is an error that
// names the function and the member (spec 04 C).
import { shownValue } from '../../base/values/shown-value.ts'
import { CodedError } from '../../protocol/errors.ts'

export class Input {
  readonly #functionId: string
  readonly #members: Readonly<Record<string, unknown>>

  /** A null or absent payload is an empty one. */
  constructor(functionId: string, raw: unknown) {
    this.#functionId = functionId
    if (raw != null && (typeof raw !== 'object' || Array.isArray(raw))) {
      throw new CodedError('deserialization_error', `${functionId}: the input must be an object, got ${describe(raw)}`)
    }
    this.#members = (raw ?? {}) as Record<string, unknown>
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined
  }

  string(name: string): string | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrong(name, 'a string', value)
  }

  requiredString(name: string): string {
    const value = this.string(name)
    if (value === undefined) throw new CodedError('deserialization_error', `${this.#functionId}: '${name}' is missing`)
    return value
  }

  boolean(name: string): boolean {
    const value = this.value(name)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    throw this.#wrong(name, 'true or false', value)
  }

  strings(name: string): string[] | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    throw this.#wrong(name, 'a list of strings', value)
  }

  /** A number that is not negative. */
  number(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && value >= 0) return value
    throw this.#wrong(name, 'a number that is not negative', value)
  }

  /** An integer from 0 to 2^32 − 1. */
  unsigned32(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value
    throw this.#wrong(name, 'an integer from 0 to 4294967295', value)
  }

  #wrong(name: string, wanted: string, value: unknown): CodedError {
    return new CodedError(
      'deserialization_error',
      `${this.#functionId}: '${name}' must be ${wanted}, got ${describe(value)}`,
    )
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const text = shownValue(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
