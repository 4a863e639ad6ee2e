// JSON Schemas in the words of the documentation: a table of the members, or the shape on one line.
import { code, table } from './markdown.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  /** Branches of a block that is told apart by its `name`. */
  readonly oneOf?: readonly (Schema & { readonly title: string })[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly description?: string
}

/** One row for each member; those of nested objects follow theirs as `outer.inner`. */
export function memberTable(schema: unknown): string {
  return table(['key', 'type', 'default', 'meaning'], memberRows(schema as Schema, ''))
}

function memberRows({ properties = {}, required = [] }: Schema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, member]) => {
    const path = prefix + name
    const needed = required.includes(name) ? 'required' : ''
    const initial = member.default === undefined ? needed : code(JSON.stringify(member.default))
    return [
      [code(path), typeText(member), initial, member.description ?? ''],
      ...memberRows(member, `${path}.`),
      ...branchRows(member, `${path}.`),
    ]
  })
}

/** The names, then the settings of each branch. */
function branchRows({ oneOf = [] }: Schema, prefix: string): string[][] {
  if (oneOf.length === 0) return []
  const meanings = oneOf.map(({ title, description = '' }) => `${code(title)}: ${description}`).join(' ')
  const name = oneOf.flatMap(({ properties }) => properties?.['name']?.enum ?? [])
  const names = [code(`${prefix}name`), name.map((one) => code(String(one))).join(', '), 'required', meanings]
  const settings = oneOf.flatMap(({ title, properties }) =>
    memberRows(properties?.['config'] ?? {}, `${prefix}config.`).map(
      ([path = '', type = '', initial = '', meaning]) => [path, type, initial, `Of ${code(title)}. ${meaning}`],
    ),
  )
  return [names, ...settings]
}

function typeText(schema: Schema): string {
  if (schema.enum !== undefined) {
    return schema.enum
      .filter((value) => value !== null)
      .map((value) => code(String(value)))
      .join(', ')
  }
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeText))].join(' or ')
  const types = typesOf(schema).filter((type) => type !== 'null')
  if (types.length === 0) return 'any'
  return types
    .map((type) => (type === 'array' && schema.items !== undefined ? `list of ${typeText(schema.items)}` : type))
    .join(' or ')
}

/**
 * `{ name: string, force?: boolean = false }`; a schema that says nothing is `any`.
 * @param complete members count as always present where the schema does not say which are
 */
export function shapeText(value: unknown, { complete = false } = {}): string {
  const schema = (value ?? {}) as Schema
  const { properties } = schema
  if (properties === undefined) return plainShape(schema)
  const required = schema.required ?? (complete ? Object.keys(properties) : [])
  const members = Object.entries(properties).map(([name, member]) => {
    const initial = member.default === undefined ? '' : ` = ${JSON.stringify(member.default)}`
    return `${name}${required.includes(name) ? '' : '?'}: ${shapeText(member)}${initial}`
  })
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

function plainShape(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => shapeText(one)).join(' | ')
  const types = typesOf(schema)
  if (types.length === 0) return 'any'
  return types.map((type) => (type === 'array' ? listShape(schema.items) : type)).join(' | ')
}

function listShape(items: unknown): string {
  const shape = shapeText(items)
  return shape.includes(' | ') ? `(${shape})[]` : `${shape}[]`
}

function typesOf({ type }: Schema): readonly string[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type
}
