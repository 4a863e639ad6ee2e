// A JSON Schema of any draft in the words of 2020-12, whose references lead somewhere within it. Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import type { JsonSchema } from '../../../base/values/json-schema.ts'
import { schemaAt } from './function-formats.ts'

/** @throws RangeError for a schema that is nested too deep. @returns a copy, but for values that are no schemas. */
export function modernSchema(schema: JsonSchema): JsonSchema {
  const modern = copyOf(schema, schema['$id'] ?? schema['id'], 0) as JsonSchema
  eachReference(modern, (pointer, holder) => {
    if (pointer !== undefined && leadsSomewhere(modern, pointer)) return
    // Such a reference would make the whole document invalid: the place takes anything.
    holder['$comment'] = `what ${holder['$ref'] as string} stands for is not known`
    delete holder['$ref']
  })
  return modern
}

/**
 * Calls `visit` for each object with a reference.
 * @param visit its pointer from the root; undefined = it leads out of the schema.
 */
export function eachReference(
  value: unknown,
  visit: (pointer: string | undefined, holder: Record<string, unknown>) => void,
  isByName = false,
): void {
  if (Array.isArray(value)) for (const item of value) eachReference(item, visit)
  if (!isRecord(value)) return
  const { $ref } = value
  if (!isByName && typeof $ref === 'string') visit($ref.startsWith('#') ? $ref.slice(1) : undefined, value)
  for (const [name, member] of Object.entries(value)) {
    if (isByName || !PLAIN.has(name)) eachReference(member, visit, !isByName && BY_NAME.has(name))
  }
}

const MAX_DEPTH = 200
/** References that lead to references. */
const MAX_STEPS = 16

function leadsSomewhere(root: JsonSchema, start: string): boolean {
  let pointer = start
  for (let step = 0; step < MAX_STEPS; step++) {
    const schema = schemaAt(root, pointer)
    if (schema === undefined) return false
    const { $ref } = schema
    if (typeof $ref !== 'string') return true
    pointer = $ref.slice(1)
  }
  return false
}

/** Members whose values are no schemas, though they may look like them. */
const PLAIN: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'example'])
/** Members that hold schemas by any name. */
const BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
])
/**
 * They say where a schema stands, or in which draft it is written; both are different in a document. `$async` is no word of any draft: its
 * validators of ajv answer by promises, which hold for a yes.
 */
const DROPPED: ReadonlySet<string> = new Set([
  '$async',
  '$schema',
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveAnchor',
  '$recursiveRef',
  '$vocabulary',
])

/** @param id of the whole: references may begin with it. */
function copyOf(value: unknown, id: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('too deep')
  if (Array.isArray(value)) return value.map((item) => copyOf(item, id, depth + 1))
  if (!isRecord(value)) return value
  const members: [string, unknown][] = []
  for (const [name, member] of Object.entries(value)) {
    if (DROPPED.has(name) || (name === 'id' && typeof member === 'string')) continue
    if (PLAIN.has(name)) members.push([name, member])
    else if (BY_NAME.has(name) && isRecord(member)) members.push([name, copiesByName(member, id, depth + 1)])
    else if (name === '$ref') members.push(...reference(member, id))
    else members.push([name, copyOf(member, id, depth + 1)])
  }
  return inNewWords(Object.fromEntries(members))
}

function copiesByName(schemas: Record<string, unknown>, id: unknown, depth: number): Record<string, unknown> {
  const copies: [string, unknown][] = []
  for (const [name, schema] of Object.entries(schemas)) {
    // Texts and numbers are no schemas, whatever they are called.
    if (typeof schema === 'object' || typeof schema === 'boolean') copies.push([name, copyOf(schema, id, depth)])
  }
  return Object.fromEntries(copies)
}

function reference(value: unknown, id: unknown): [string, unknown][] {
  if (typeof value !== 'string') return []
  return [['$ref', typeof id === 'string' && value.startsWith(`${id}#`) ? value.slice(id.length) : value]]
}

function inNewWords(schema: Record<string, unknown>): Record<string, unknown> {
  const { items, additionalItems, exclusiveMinimum, exclusiveMaximum, minimum, maximum, dependencies, ...rest } = schema
  if (Array.isArray(items)) {
    rest['prefixItems'] = items
    if (additionalItems !== undefined) rest['items'] = additionalItems
  } else if (items !== undefined) rest['items'] = items
  if (isRecord(dependencies)) {
    const entries = Object.entries(dependencies)
    rest['dependentRequired'] ??= Object.fromEntries(entries.filter(([, needed]) => Array.isArray(needed)))
    rest['dependentSchemas'] ??= Object.fromEntries(entries.filter(([, needed]) => !Array.isArray(needed)))
  }
  return Object.assign(rest, bound('inimum', minimum, exclusiveMinimum), bound('aximum', maximum, exclusiveMaximum))
}

/** Draft 4 says by true that the bound itself does not count. */
function bound(name: string, limit: unknown, exclusive: unknown): Record<string, unknown> {
  if (exclusive === true) return { [`exclusiveM${name}`]: limit }
  return {
    ...(limit !== undefined && { [`m${name}`]: limit }),
    ...(exclusive !== undefined && exclusive !== false && { [`exclusiveM${name}`]: exclusive }),
  }
}
