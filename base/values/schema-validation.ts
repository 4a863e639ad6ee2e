// JSON Schema validation with defaults, by ajv: for the configuration's own parts and for the `config` block of plugins.
// Values that come out are frozen copies; values that go in are never changed.
import { isRecord } from './is-record.ts'
import { createRequire } from 'node:module'
import type * as AjvModule from 'ajv'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import type { JsonSchema } from './json-schema.ts'
import { unknownKey } from './closest-name.ts'
import { appendPointer, parsePointer } from './json-path.ts'
import { KnownValid } from './known-valid.ts'
import { isSecretPath, maskSecrets } from './masking.ts'
import { shownValue } from './shown-value.ts'

export interface SchemaProblem {
  /** JSON pointer to the value, or to the key that should not be there; `''` is the whole value. */
  readonly pointer: string
  /** The value that does not fit, unmasked: for code, not for logs. */
  readonly value: unknown
  /** The keyword of the schema, such as `type` or `additionalProperties`; `schema` when the schema itself is broken. */
  readonly rule: string
  /** What is wrong, with the value (masked under secret keys). */
  readonly message: string
}

export type Validation<Value> = { readonly value: Value } | { readonly problems: readonly SchemaProblem[] }

const AJV_OPTIONS = {
  useDefaults: true,
  allErrors: true,
  strict: false,
  verbose: true,
  logger: false,
  meta: false,
  validateSchema: false,
  // Of several branches only the one that is meant is checked, so that errors are about what was written.
  discriminator: true,
} as const

/** Compiled schemas that are kept; the least recently used one goes first. */
const MAX_COMPILED = 256
const compiled = new Map<string, ValidateFunction>()
let schemaChecker: Ajv | undefined
let known: KnownValid | undefined

/** From now on what fits is looked up in this file, and remembered for it. `version`: of the engine, whose outcomes these are. */
export function rememberValid(file: string, version: string): KnownValid {
  known = new KnownValid(file, `${version} ${JSON.stringify(AJV_OPTIONS)}`)
  return known
}

/**
 * Checks `value` against a draft-07 schema and fills in its defaults.
 * A broken schema gives one problem with rule `schema`. Unknown formats and keywords are ignored.
 * `trusted`: the schema ships with the engine and is not checked itself, which saves 15 ms at the start.
 */
export function validateAgainstSchema<Value = unknown>(
  schema: JsonSchema,
  value: unknown,
  { trusted = false }: { readonly trusted?: boolean } = {},
): Validation<Value> {
  const completed = known?.find(schema, value)
  if (completed !== undefined) return { value: deepFreeze(completed) as Value }
  let validate: ValidateFunction
  try {
    validate = compile(schema, trusted)
  } catch (error) {
    const message = `the schema itself is invalid: ${(error as Error).message}`
    return { problems: [{ pointer: '', value: schema, rule: 'schema', message }] }
  }
  let copy: unknown
  try {
    copy = structuredClone(value)
  } catch (error) {
    return {
      problems: [{ pointer: '', value, rule: 'data', message: `must be plain data: ${(error as Error).message}` }],
    }
  }
  if (validate(copy)) {
    known?.add(schema, value, copy)
    return { value: deepFreeze(copy) as Value }
  }
  return { problems: (validate.errors ?? []).filter(saysSomethingNew).map(toProblem) }
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}

function compile(schema: JsonSchema, trusted: boolean): ValidateFunction {
  const key = `${trusted ? 'trusted' : 'checked'} ${JSON.stringify(schema)}`
  const earlier = compiled.get(key)
  if (earlier !== undefined) {
    compiled.delete(key)
    compiled.set(key, earlier)
    return earlier
  }
  if (!trusted) checkSchema(schema)
  // One instance per schema: an instance keeps all it ever compiled, and refuses a second schema with the same $id.
  const validate = newAjv(AJV_OPTIONS).compile(structuredClone(schema))
  compiled.set(key, validate)
  const [oldest] = compiled.keys()
  if (compiled.size > MAX_COMPILED && oldest !== undefined) compiled.delete(oldest)
  return validate
}

/** Loaded when something has to be checked, which takes 20 ms. */
function newAjv(options: ConstructorParameters<typeof Ajv>[0]): Ajv {
  const { Ajv: Validator } = createRequire(import.meta.url)('ajv') as typeof AjvModule
  return new Validator(options)
}

function checkSchema(schema: JsonSchema): void {
  if (!isRecord(schema)) throw new Error('it must be an object')
  if (schema['$async'] !== undefined) throw new Error('`$async` schemas are not allowed')
  schemaChecker ??= newAjv({ strict: false, logger: false })
  if (schemaChecker.validateSchema(schema) !== true)
    throw new Error(schemaChecker.errorsText(schemaChecker.errors, { dataVar: 'schema' }))
}

/** A missing name of a branch is told by `required` already, what does not fit behind `then` by itself, and so is what a key breaks. */
function saysSomethingNew({ keyword, params }: ErrorObject): boolean {
  if (keyword === 'if' || keyword === 'propertyNames') return false
  return keyword !== 'discriminator' || (params as { tagValue?: unknown }).tagValue !== undefined
}

function toProblem(error: ErrorObject): SchemaProblem {
  const { instancePath, keyword, data } = error
  const params = error.params as Record<string, unknown>
  const extra = params['additionalProperty']
  if (typeof extra === 'string') {
    const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {})
    const value = (data as Record<string, unknown>)[extra]
    return { pointer: appendPointer(instancePath, extra), value, rule: keyword, message: unknownKey(extra, known) }
  }
  const { propertyName } = error
  if (propertyName !== undefined) {
    const pointer = appendPointer(instancePath, propertyName)
    return { pointer, value: propertyName, rule: keyword, message: wrongName(error, propertyName) }
  }
  return { pointer: instancePath, value: data, rule: keyword, message: `${describe(error, params)}${reasonFor(error)}` }
}

/** A schema that says in its description what names it allows says it better than a pattern does. */
function wrongName({ parentSchema, message = 'does not fit' }: ErrorObject, name: string): string {
  const { description } = (parentSchema ?? {}) as { description?: unknown }
  const reason = typeof description === 'string' ? `must be ${description}` : message
  return `the name ${shownValue(name)} ${reason}`
}

/** What is asked for only under a condition says in its description why. */
function reasonFor({ schemaPath, parentSchema }: ErrorObject): string {
  const { description } = (parentSchema ?? {}) as { description?: unknown }
  return schemaPath.includes('/then/') && typeof description === 'string' ? `: ${description}` : ''
}

function describe(
  { instancePath, keyword, message = 'does not fit', data, parentSchema }: ErrorObject,
  params: Record<string, unknown>,
): string {
  if (keyword === 'required') return `missing '${String(params['missingProperty'])}'`
  if (keyword === 'discriminator') return unknownBranch(instancePath, params, parentSchema)
  const wanted = wantedBy(keyword, params) ?? message
  return `${wanted}, got ${shown(data, instancePath)}`
}

/** A block names what it configures, and the schema has no branch of that name. */
function unknownBranch(pointer: string, { tag, tagValue }: Record<string, unknown>, schema?: object): string {
  const { oneOf = [] } = schema as { oneOf?: { title?: unknown }[] }
  const available = `Available: [${oneOf.map(({ title }) => title).join(', ')}]`
  return pointer.endsWith('/adapter') && typeof tagValue === 'string'
    ? `Adapter factory '${tagValue}' not found. ${available}`
    : `'${String(tag)}' is ${shownValue(tagValue)}. ${available}`
}

/** Where ajv's own words do not say it all, or not well. */
function wantedBy(keyword: string, params: Record<string, unknown>): string | undefined {
  const { allowedValues, type } = params
  if (keyword === 'enum' && Array.isArray(allowedValues))
    return `must be one of ${allowedValues.map(shownValue).join(', ')}`
  if (keyword === 'type' && Array.isArray(type)) return `must be ${type.join(' or ')}`
  return undefined
}

function shown(value: unknown, pointer: string): string {
  const path = parsePointer(pointer)
  if (isSecretPath(path)) return 'a value that is not shown'
  const text = shownValue(maskSecrets(value, path))
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
