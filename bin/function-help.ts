// `iii trigger FUNCTION --help`: what the running engine knows about a function, with its request schema as a table.
import { isRecord } from '../base/values/is-record.ts'
import { invokeOnce, UnreachableError, type EngineAddress } from './engine-client.ts'
import { tableLines } from './table.ts'

// Help that comes late is no help; the static one is printed instead.
const HELP_TIMEOUT_MS = 3_000
/** Of objects in objects; whoever wants more reads the schema. */
const MAX_DEPTH = 3

interface Member {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly description: string
}

/** Help text of the function; undefined when no engine answers. Throws RemoteError for an unknown function. */
export async function functionHelp(
  functionId: string,
  at: EngineAddress,
  namespace: { namespace?: string },
): Promise<string | undefined> {
  try {
    const data = { function_id: functionId, ...namespace }
    const info = await invokeOnce(at, { functionId: 'engine::functions::info', data, timeoutMs: HELP_TIMEOUT_MS })
    return helpText(functionId, record(info))
  } catch (error) {
    if (error instanceof UnreachableError) return undefined
    throw error
  }
}

function helpText(functionId: string, info: Readonly<Record<string, unknown>>): string {
  const lines = [functionId]
  if (typeof info['description'] === 'string') lines.push('', info['description'])
  if (typeof info['worker_name'] === 'string') lines.push('', `Provided by ${info['worker_name']}.`)
  const schema = info['request_schema'] ?? info['request_format']
  lines.push('', ...requestLines(schema))
  lines.push('', `Usage: iii trigger ${functionId} [key=value …] [--json JSON]`)
  return lines.join('\n')
}

function requestLines(schema: unknown): string[] {
  const members = membersOf(record(schema))
  if (members.length > 0) {
    const columns = [
      { title: 'FIELD', value: (member: Member) => member.name },
      { title: 'TYPE', value: (member: Member) => member.type },
      { title: 'REQUIRED', value: (member: Member) => (member.required ? 'yes' : 'no') },
      { title: 'DESCRIPTION', value: (member: Member) => member.description },
    ]
    return ['Payload:', ...tableLines(members, columns, Number.POSITIVE_INFINITY).map((line) => `  ${line}`)]
  }
  return schema === undefined || schema === null
    ? ['It does not describe its payload.']
    : ['Payload:', JSON.stringify(schema, null, 2)]
}

/** Members of an object in a member as `outer.inner`, below it. */
function membersOf(schema: Readonly<Record<string, unknown>>, before = ''): Member[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(record(schema['properties'])).flatMap(([name, value]) => {
    const property = record(value)
    const member = {
      name: before + name,
      type: typeOf(property),
      required: required.includes(name),
      description: descriptionOf(property),
    }
    const isDeep = before.split('.').length > MAX_DEPTH
    return [member, ...(isDeep ? [] : membersOf(property, `${before}${name}.`))]
  })
}

function descriptionOf({ description, default: initial }: Readonly<Record<string, unknown>>): string {
  const text = typeof description === 'string' ? description : ''
  // Many say it themselves.
  if (initial === undefined || /default/i.test(text)) return text
  return `${text}${text === '' ? '' : ' '}(default: ${JSON.stringify(initial)})`
}

function typeOf(property: Readonly<Record<string, unknown>>): string {
  const { type } = property
  if (Array.isArray(property['enum'])) return property['enum'].map((value) => JSON.stringify(value)).join(' | ')
  if (Object.hasOwn(property, 'const')) return JSON.stringify(property['const'])
  const items = record(property['items'])
  if (type === 'array' && Object.keys(items).length > 0) return `${typeOf(items)}[]`
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return type.join(' | ')
  const either = property['oneOf'] ?? property['anyOf']
  return Array.isArray(either) ? [...new Set(either.map((one) => typeOf(record(one))))].join(' | ') : 'any'
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}
