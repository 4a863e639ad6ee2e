// TypeScript for the JSON Schemas that functions and trigger types publish. Pure.

/** What the type is for: what somebody gives, or what somebody gets. */
export type Direction = 'given' | 'got'

type Schema = Readonly<Record<string, unknown>>

/** A line longer than this is written as several. */
const WIDTH = 110

export function typeText(schema: unknown, direction: Direction, indent = ''): string {
  const { const: value, enum: values, anyOf, type } = asSchema(schema)
  if (value !== undefined) return literal(value)
  if (Array.isArray(values)) return values.map(literal).join(' | ')
  if (Array.isArray(anyOf)) return union(anyOf.map((branch) => typeText(branch, direction, indent)))
  if (Array.isArray(type)) return union(type.map((each) => ofType(each, asSchema(schema), direction, indent)))
  return ofType(type, asSchema(schema), direction, indent)
}

/** The comment in front of a member; empty for none. */
export function commentText(schema: unknown, indent: string): string {
  const { description, default: initial } = asSchema(schema)
  const sentences = [
    ...(typeof description === 'string' ? [description] : []),
    ...(initial === undefined ? [] : [`Default ${JSON.stringify(initial)}.`]),
  ]
  return sentences.length === 0 ? '' : `${indent}/** ${sentences.join(' ').replaceAll('*/', '*\\/')} */\n`
}

function ofType(type: unknown, schema: Schema, direction: Direction, indent: string): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return type
    case 'integer':
      return 'number'
    case 'array': {
      const items = typeText(schema['items'] ?? {}, direction, indent)
      const list = `${items.includes(' | ') && !items.startsWith('{') ? `(${items})` : items}[]`
      return direction === 'given' ? `readonly ${list}` : list
    }
    case 'object':
      return objectText(schema, direction, indent)
    default:
      // Any JSON value: who gets one knows what it is.
      return direction === 'given' ? 'unknown' : 'any'
  }
}

function objectText({ properties, required = [] }: Schema, direction: Direction, indent: string): string {
  if (properties === undefined) return 'Record<string, any>'
  const names = new Set(required as readonly string[])
  const members = Object.entries(properties as Schema)
  if (members.length === 0) return direction === 'given' ? 'Record<string, never>' : '{}'
  const inner = `${indent}  `
  const lines = members.map(([name, member]) => {
    const text = `${memberName(name)}${names.has(name) ? '' : '?'}: ${typeText(member, direction, inner)}`
    return { comment: commentText(member, inner), text }
  })
  const flat = `{ ${lines.map(({ text }) => text).join('; ')} }`
  const isPlain = lines.every(({ comment }) => comment === '')
  if (isPlain && !flat.includes('\n') && indent.length + flat.length < WIDTH) return flat
  return `{\n${lines.map(({ comment, text }) => `${comment}${inner}${text}\n`).join('')}${indent}}`
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}

function memberName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
}

function asSchema(schema: unknown): Schema {
  return typeof schema === 'object' && schema !== null ? (schema as Schema) : {}
}
