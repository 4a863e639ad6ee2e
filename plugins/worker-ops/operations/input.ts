// Reads the input of an operation. What does not fit is W105, with what to do about it (spec 05 B.3).
import { describeValue } from '../../../kit/functions/input-reader.ts'
import { WorkerOpError } from '../errors.ts'

export class OperationInput {
  readonly functionId: string
  readonly #members: Readonly<Record<string, unknown>>

  /** Nothing, and null, are `{}`. */
  constructor(functionId: string, data: unknown, path = '') {
    this.functionId = functionId
    if (data !== undefined && data !== null && (typeof data !== 'object' || Array.isArray(data)))
      this.fail(`${path === '' ? 'the input' : `\`${path}\``} must be an object, got ${describeValue(data)}`)
    this.#members = (data ?? {}) as Record<string, unknown>
  }

  has(member: string): boolean {
    return this.any(member) !== undefined
  }

  /** null counts as absent. */
  any(member: string): unknown {
    return Object.hasOwn(this.#members, member) ? (this.#members[member] ?? undefined) : undefined
  }

  text(member: string): string {
    return this.optionalText(member) ?? this.fail(`member \`${member}\` is missing (a string)`)
  }

  optionalText(member: string): string | undefined {
    const value = this.any(member)
    if (value === undefined || typeof value === 'string') return value
    return this.#wrong(member, 'a string')
  }

  flag(member: string, initial = false): boolean {
    const value = this.any(member) ?? initial
    return typeof value === 'boolean' ? value : this.#wrong(member, 'true or false')
  }

  /** Whole numbers within these bounds. */
  count(member: string, initial: number, least: number, most: number): number
  count(member: string, initial: undefined, least: number, most: number): number | undefined
  count(member: string, initial: number | undefined, least: number, most: number): number | undefined {
    const value = this.any(member) ?? initial
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    return this.#wrong(member, `a whole number from ${least} to ${most}`)
  }

  texts(member: string): readonly string[] {
    const value = this.any(member) ?? []
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    return this.#wrong(member, 'a list of strings')
  }

  fail(reason: string, details: Readonly<Record<string, unknown>> = {}): never {
    const hint = `Call worker::schema {"function_id":"${this.functionId}"} for what it takes.`
    throw new WorkerOpError('W105', `The input of ${this.functionId} did not parse: ${reason}. ${hint}`, {
      function_id: this.functionId,
      reason,
      hint,
      ...details,
    })
  }

  #wrong(member: string, expected: string): never {
    return this.fail(`member \`${member}\` must be ${expected}, got ${describeValue(this.any(member))}`)
  }
}
