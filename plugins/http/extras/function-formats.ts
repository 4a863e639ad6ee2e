// What `request_format` and `response_format` of a function say of HTTP. Pure. A format describes the whole request as a function gets it,
// or the body alone: it is taken for the whole where all that it names are members of a request.
import { isRecord } from '../../../base/values/is-record.ts'
import type { JsonSchema } from '../../../base/values/json-schema.ts'

/** A place in a format. */
export interface FormatPart {
  readonly schema: JsonSchema
  /** JSON pointer from the format's root, references followed. */
  readonly pointer: string
}

export interface RequestFormat {
  readonly of: 'request' | 'body'
  /** Absent when nothing is said of it. */
  readonly body: FormatPart | undefined
  readonly isBodyRequired: boolean
  readonly pathParams: readonly NamedPart[]
  readonly queryParams: readonly NamedPart[]
  readonly headers: readonly NamedPart[]
}

export interface NamedPart extends FormatPart {
  readonly name: string
  readonly isRequired: boolean
}

export interface ResponseFormat {
  readonly status: number
  readonly body: FormatPart | undefined
}

const REQUEST_MEMBERS: ReadonlySet<string> = new Set([
  'query_params',
  'path_params',
  'headers',
  'body',
  'path',
  'method',
  'url',
  'trigger',
  'request_body',
  'response',
  'context',
])
/** One of them has to be there, so that a body that happens to have a `path` is taken for a body. */
const TELLING_MEMBERS = ['query_params', 'path_params', 'headers', 'body']
const RESPONSE_MEMBERS: ReadonlySet<string> = new Set(['status_code', 'headers', 'body'])

export function readRequestFormat(format: JsonSchema): RequestFormat {
  const root = resolve(format, '')
  const members = propertiesOf(root)
  const isWhole =
    members.length > 0 &&
    members.every(([name]) => REQUEST_MEMBERS.has(name)) &&
    members.some(([name]) => TELLING_MEMBERS.includes(name))
  if (!isWhole) {
    const body = { schema: format, pointer: '' }
    return { of: 'body', body, isBodyRequired: true, pathParams: [], queryParams: [], headers: [] }
  }
  return {
    of: 'request',
    body: memberOf(format, root, 'body'),
    isBodyRequired: isRequired(root, 'body'),
    pathParams: namedParts(format, root, 'path_params'),
    queryParams: namedParts(format, root, 'query_params'),
    headers: namedParts(format, root, 'headers'),
  }
}

export function readResponseFormat(format: JsonSchema): ResponseFormat {
  const root = resolve(format, '')
  const members = propertiesOf(root)
  const isWhole =
    members.every(([name]) => RESPONSE_MEMBERS.has(name)) &&
    members.some(([name]) => name === 'body' || name === 'status_code')
  if (!isWhole) return { status: 200, body: { schema: format, pointer: '' } }
  return { status: statusOf(memberOf(format, root, 'status_code')), body: memberOf(format, root, 'body') }
}

/** Types that a part takes; undefined = any, or not known. */
export function typesOf(format: JsonSchema, { schema, pointer }: FormatPart): ReadonlySet<string> | undefined {
  const { type, anyOf, oneOf } = follow(format, { schema, pointer }).schema
  if (typeof type === 'string') return new Set([type])
  if (Array.isArray(type)) return new Set(type.filter((item) => typeof item === 'string'))
  const branches = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined
  if (branches === undefined) return undefined
  const types = new Set<string>()
  for (const branch of branches) {
    const { type: one } = isRecord(branch) ? follow(format, { schema: branch, pointer: '' }).schema : {}
    if (typeof one !== 'string') return undefined
    types.add(one)
  }
  return types
}

/** References that lead to references are followed so far. */
const MAX_STEPS = 16

function resolve(format: JsonSchema, pointer: string): FormatPart {
  return follow(format, { schema: format, pointer })
}

function follow(format: JsonSchema, part: FormatPart): FormatPart {
  let at = part
  for (let step = 0; step < MAX_STEPS; step++) {
    const { $ref } = at.schema
    if (typeof $ref !== 'string' || !$ref.startsWith('#')) break
    const pointer = $ref.slice(1)
    const schema = schemaAt(format, pointer)
    if (schema === undefined) break
    at = { schema, pointer }
  }
  return at
}

/** What a reference within the format leads to. */
export function schemaAt(format: JsonSchema, pointer: string): JsonSchema | undefined {
  let at: unknown = format
  if (pointer === '') return format
  if (!pointer.startsWith('/')) return undefined
  for (const step of pointer.slice(1).split('/')) {
    const name = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return isRecord(at) ? at : undefined
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

function propertiesOf({ schema }: FormatPart): [string, unknown][] {
  const { properties } = schema
  return isRecord(properties) ? Object.entries(properties) : []
}

function memberOf(format: JsonSchema, parent: FormatPart, name: string): FormatPart | undefined {
  const found = propertiesOf(parent).find((member) => member[0] === name)?.[1]
  if (!isRecord(found)) return undefined
  return follow(format, { schema: found, pointer: childPointer(parent.pointer, name) })
}

function namedParts(format: JsonSchema, root: FormatPart, name: string): NamedPart[] {
  const parent = memberOf(format, root, name)
  if (parent === undefined) return []
  return propertiesOf(parent)
    .filter(([, schema]) => isRecord(schema))
    .map(([name, schema]) => ({
      name,
      schema: schema as JsonSchema,
      pointer: childPointer(parent.pointer, name),
      isRequired: isRequired(parent, name),
    }))
}

function isRequired({ schema }: FormatPart, name: string): boolean {
  const { required } = schema
  return Array.isArray(required) && required.includes(name)
}

function childPointer(pointer: string, name: string): string {
  return `${pointer}/properties/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`
}

/** The one that the format demands. */
function statusOf(part: FormatPart | undefined): number {
  const { const: only, enum: several, default: initial } = part?.schema ?? {}
  const status = only ?? (Array.isArray(several) ? several[0] : undefined) ?? initial
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200
}
