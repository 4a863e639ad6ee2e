// Which types a JSON Schema takes at a place inside a value: for a text that could be read as a number, too.
import { isRecord } from './is-record.ts'
import type { JsonPath } from './json-path.ts'
import type { JsonSchema } from './json-schema.ts'

type Types = ReadonlySet<string> | 'any'

/** A schema that leads into itself is followed no further. Default 32. */
const MAX_DEPTH = 32

/** Whether the schema takes a text at this place and does not take `value` there, for what type it is of. */
export function takesTextInstead(schema: JsonSchema, path: JsonPath, value: unknown): boolean {
  const types = typesAt(schema, path, schema, 0)
  return types !== 'any' && types.has('string') && !typesOf(value).some((type) => types.has(type))
}

function typesAt(schema: unknown, path: JsonPath, root: JsonSchema, depth: number): Types {
  if (!isRecord(schema) || depth > MAX_DEPTH) return 'any'
  const { $ref: ref } = schema
  if (typeof ref === 'string') return typesAt(targetOf(ref, root), path, root, depth + 1)
  const [first, ...rest] = path
  const own = first === undefined ? ownTypes(schema) : typesInside(schema, first, rest, root, depth)
  if (own !== undefined) return own
  const told = (keyword: string): Types[] =>
    [schema[keyword] ?? []].flat().map((branch) => typesAt(branch, path, root, depth + 1))
  const choices = [...told('anyOf'), ...told('oneOf')]
  if (first === undefined && choices.includes('any')) return 'any'
  // Else a branch that does not say anything about this place takes nothing from what the others say.
  const said = [...choices, ...told('allOf'), ...told('then'), ...told('else')].filter((types) => types !== 'any')
  return said.length === 0 ? 'any' : new Set(said.flatMap((types) => [...types]))
}

function ownTypes({ type, enum: values, const: only }: Readonly<Record<string, unknown>>): Types | undefined {
  if (type !== undefined) return new Set([type].flat() as string[])
  if (Array.isArray(values)) return new Set(values.flatMap(typesOf))
  return only === undefined ? undefined : new Set(typesOf(only))
}

function typesInside(
  { properties, additionalProperties, items }: Readonly<Record<string, unknown>>,
  key: string | number,
  rest: JsonPath,
  root: JsonSchema,
  depth: number,
): Types | undefined {
  const named = isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined
  const inside = named ?? (isIndex(key) && items !== undefined ? itemOf(items, Number(key)) : additionalProperties)
  return isRecord(inside) ? typesAt(inside, rest, root, depth + 1) : undefined
}

function itemOf(items: unknown, index: number): unknown {
  return Array.isArray(items) ? items[index] : items
}

function isIndex(key: string | number): boolean {
  return /^\d+$/.test(String(key))
}

function typesOf(value: unknown): string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number']
  return [typeof value]
}

/** `#/definitions/name`; others are not looked up. */
function targetOf(ref: string, root: JsonSchema): unknown {
  if (!ref.startsWith('#/')) return undefined
  let target: unknown = root
  for (const part of ref.slice(2).split('/'))
    target = isRecord(target) ? target[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  return target
}
