// Holds values against the JSON Schema of an entry, by ajv. Loaded when something is validated for the first time: an engine
// whose settings nobody touches never pays for it.
import type { ErrorObject, ValidateFunction } from 'ajv'
import { CodedError } from '../../protocol/errors.ts'
import type { ConfigurationSchema } from './entry.ts'

/** Members whose values are not repeated in messages. */
const SECRET = /pass|secret|token|key|credential|auth|dsn|url/i
const SHOWN_CHARACTERS = 60
const SHOWN_PROBLEMS = 20
const SHOWN_MEMBERS = 30

interface TagSchema {
  readonly const?: unknown
  readonly enum?: readonly unknown[]
}

export interface SchemaProblem {
  /** Place and rule, without the value: may be logged. */
  readonly rule: string
  /** With the value, unless it may be a secret: for whoever sent it. */
  readonly message: string
}

export class SchemaCheck {
  readonly #validate: ValidateFunction

  private constructor(validate: ValidateFunction) {
    this.#validate = validate
  }

  /** Rejects with `SCHEMA_INVALID` when it is no schema. */
  static async compile(schema: ConfigurationSchema): Promise<SchemaCheck> {
    try {
      return new SchemaCheck(await compile(schema))
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CodedError('SCHEMA_INVALID', `schema validation failed: the schema itself is invalid: ${reason}`, {
        cause,
      })
    }
  }

  problems(value: unknown): readonly SchemaProblem[] {
    if (this.#validate(value)) return []
    return (this.#validate.errors ?? []).slice(0, SHOWN_PROBLEMS).map(toProblem)
  }
}

async function compile(schema: ConfigurationSchema): Promise<ValidateFunction> {
  const dialect = typeof schema === 'object' ? String(schema['$schema'] ?? '') : ''
  if (typeof schema === 'object' && schema['$async'] !== undefined) throw new Error('`$async` schemas are not allowed')
  const Ajv = await dialectOf(dialect)
  // One instance per schema: an instance keeps all it ever compiled, and refuses a second schema with the same $id.
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    logger: false,
    discriminator: true,
    validateFormats: false,
  })
  return ajv.compile(typeof schema === 'boolean' ? schema : withoutForeignDialect(structuredClone(schema), dialect))
}

async function dialectOf(dialect: string) {
  if (dialect.includes('2020-12')) return (await import('ajv/dist/2020.js')).Ajv2020
  if (dialect.includes('2019-09')) return (await import('ajv/dist/2019.js')).Ajv2019
  return (await import('ajv')).Ajv
}

/** Draft-04 and unknown dialects are read as draft-07: what they have in common is what settings use. */
function withoutForeignDialect(schema: Record<string, unknown>, dialect: string): Record<string, unknown> {
  if (!/2020-12|2019-09|draft-07/.test(dialect)) delete schema['$schema']
  return schema
}

function toProblem(error: ErrorObject): SchemaProblem {
  const { instancePath, keyword, params, message = 'does not fit', data } = error
  const place = instancePath === '' ? 'value' : instancePath
  if (keyword === 'additionalProperties') {
    const text = `${place} must not have the member '${String(params['additionalProperty'])}'${knownMembers(error)}`
    return { rule: text, message: text }
  }
  if (keyword === 'discriminator') {
    const tag = String(params['tag'])
    const rule = `${place}/${tag} must be one of ${JSON.stringify(knownTags(error, tag))}`
    return { rule, message: `${rule}, got ${shownTag(params['tagValue'], instancePath)}` }
  }
  const allowed = keyword === 'enum' ? `: ${JSON.stringify(params['allowedValues'])}` : ''
  const rule = `${place} ${message}${allowed}`
  if (keyword === 'required') return { rule, message: rule }
  return { rule, message: `${rule}, got ${shown(data, instancePath)}` }
}

/** An unknown member is a slip of the keyboard, mostly: the right one is among these. */
function knownMembers({ parentSchema }: ErrorObject): string {
  const known = Object.keys((parentSchema?.['properties'] ?? {}) as object)
  if (known.length === 0) return ''
  const more = known.length > SHOWN_MEMBERS ? ', …' : ''
  return `; known are ${known.slice(0, SHOWN_MEMBERS).join(', ')}${more}`
}

/** The first value of each branch: what follows are other names of it. */
function knownTags({ parentSchema }: ErrorObject, tag: string): readonly unknown[] {
  const branches = (parentSchema?.['oneOf'] ?? []) as readonly { properties?: Record<string, TagSchema> }[]
  return branches.map(({ properties }) => properties?.[tag]?.const ?? properties?.[tag]?.enum?.[0])
}

function shownTag(value: unknown, path: string): string {
  return value === undefined ? 'nothing' : shown(value, path)
}

function shown(value: unknown, path: string): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return 'an object'
  if (SECRET.test(path)) return `a ${typeof value} that is not shown`
  const text = JSON.stringify(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
