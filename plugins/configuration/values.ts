// From a raw value to the one that counts: placeholders expanded, held against the schema (spec 04 A.9.2, A.9.4).
import { nestingDepth, type JsonValue } from '../../base/values/json-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { ConfigurationSchema, Entry } from './entry.ts'
import { expand, type ExpandOptions, type Expansion } from './expand.ts'
import type { SchemaCheck } from './schema-check.ts'

export interface ValueLimits {
  /** Largest value, in bytes of compact JSON. Default 1 MiB. */
  readonly maxValueBytes: number
  /** Deepest nesting of a value. Default 64. */
  readonly maxDepth: number
}

export const VALUE_LIMITS: ValueLimits = { maxValueBytes: 1024 * 1024, maxDepth: 64 }

export class Values {
  readonly #options: ExpandOptions
  readonly #limits: ValueLimits
  readonly #checks = new WeakMap<object, Promise<SchemaCheck>>()
  /** Entries whose value holds no placeholder and is known to fit: reading them costs nothing. */
  readonly #sound = new WeakSet<Entry>()

  constructor(options: ExpandOptions, limits: Partial<ValueLimits> = {}) {
    this.#options = options
    this.#limits = { ...VALUE_LIMITS, ...limits }
  }

  /** @param schema of the value, where it is known. */
  expand(value: JsonValue, schema?: ConfigurationSchema): Expansion {
    return expand(value, this.#options, schema)
  }

  /** The value for readers. Rejects with `EXPAND_FAILED` or `SCHEMA_INVALID`. */
  async read(entry: Entry): Promise<JsonValue> {
    if (entry.value === null || this.#sound.has(entry)) return entry.value
    const { value, missing, dynamic } = this.expand(entry.value, entry.schema)
    if (missing.length > 0) throw expandFailed(entry.id, missing)
    if (entry.schema !== undefined) await this.requireFit(entry.schema, value)
    if (!dynamic) this.#sound.add(entry)
    return value
  }

  /**
   * Holds a value that is to be written against the schema. A value with a variable that is not set is let through: what it
   * will be is not known yet.
   */
  async requireWritable(schema: ConfigurationSchema, value: JsonValue): Promise<void> {
    this.requireSize(value)
    const { value: expanded, missing } = this.expand(value, schema)
    if (missing.length === 0) await this.requireFit(schema, expanded)
  }

  async requireFit(schema: ConfigurationSchema, value: unknown): Promise<void> {
    const problems = (await this.check(schema)).problems(value)
    if (problems.length === 0) return
    const rules = problems.map(({ rule }) => rule).join('; ')
    throw new SchemaMismatch(problems.map(({ message }) => message).join('; '), rules)
  }

  /** Rejects with `SCHEMA_INVALID` when it is no schema. */
  check(schema: ConfigurationSchema): Promise<SchemaCheck> {
    const key = typeof schema === 'object' ? schema : schema ? ALLOWS_ALL : ALLOWS_NOTHING
    const known = this.#checks.get(key)
    if (known !== undefined) return known
    const check = import('./schema-check.ts').then(({ SchemaCheck: Check }) => Check.compile(schema))
    this.#checks.set(key, check)
    return check
  }

  requireSize(value: JsonValue): void {
    const { maxDepth, maxValueBytes } = this.#limits
    const depth = nestingDepth(value)
    if (depth > maxDepth) {
      const message = `schema validation failed: the value is nested ${depth} levels deep, at most ${maxDepth} are possible`
      throw new CodedError('SCHEMA_INVALID', message)
    }
    const bytes = Buffer.byteLength(JSON.stringify(value))
    if (bytes <= maxValueBytes) return
    throw new CodedError('VALUE_TOO_LARGE', `The value has ${bytes} bytes, a configuration may have ${maxValueBytes}.`)
  }

  /** Somebody else has checked it. */
  markSound(entry: Entry): void {
    if (!this.expand(entry.value).dynamic) this.#sound.add(entry)
  }
}

const ALLOWS_ALL = {}
const ALLOWS_NOTHING = {}

/** A value does not fit. `message` may show it and is for whoever sent it; `rules` may be logged. */
export class SchemaMismatch extends CodedError {
  readonly rules: string

  constructor(problems: string, rules: string) {
    super('SCHEMA_INVALID', `schema validation failed: ${problems}`)
    this.rules = rules
  }
}

export function expandFailed(id: string, missing: readonly string[]): CodedError {
  const names = missing.join(', ')
  return new CodedError(
    'EXPAND_FAILED',
    `configuration '${id}' references unset environment variable(s) with no default: ${names}`,
  )
}
