// What becomes of the payload of a configured endpoint: members in the path, the others in the query or in the body. Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import { parseUnrounded } from '../../../base/values/exact-json.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { type Members, type PathTemplate, scalarText } from './path-template.ts'

export interface EndpointRequest {
  /** To be put behind the base URL. */
  readonly path: string
  /** undefined = none. */
  readonly body: string | undefined
}

/** The engine says by it who calls; that is nothing to the endpoint. */
const CALLER = '_caller_worker_id'
const CALLER_AT_END = /([{,])"_caller_worker_id":"[^"\\]*"\}$/

/**
 * @param json the payload as it was sent
 * @throws CodedError `deserialization_error`
 */
export function endpointRequest(template: PathTemplate, payload: 'body' | 'query', json: string): EndpointRequest {
  const isPlain = template.parameters.length === 0 && payload === 'body'
  if (isPlain) return { path: template.path, body: json === 'null' ? undefined : withoutCaller(json) }
  const members = membersOf(json)
  const path = template.fill(members)
  const rest = Object.entries(members).filter(([name]) => name !== CALLER && !template.parameters.includes(name))
  if (payload === 'query') return { path: withQuery(path, rest), body: undefined }
  return { path, body: json === 'null' ? undefined : JSON.stringify(Object.fromEntries(rest)) }
}

function withoutCaller(json: string): string {
  return json.replace(CALLER_AT_END, (_tail, before: string) => (before === '{' ? '{}' : '}'))
}

function membersOf(json: string): Members {
  const value = parseUnrounded(json) ?? {}
  if (isRecord(value)) return value
  throw new CodedError('deserialization_error', `the payload must be an object, not ${shownValue(value).slice(0, 80)}`)
}

function withQuery(path: string, members: readonly (readonly [string, unknown])[]): string {
  const query = new URLSearchParams()
  for (const [name, value] of members) {
    if (value === null) continue
    for (const item of Array.isArray(value) ? value : [value]) {
      const text = scalarText(item)
      if (text === undefined)
        throw new CodedError(
          'deserialization_error',
          `the member '${name}' can't stand in the query: it has to be a text, a number, a truth value, or a list of them`,
        )
      query.append(name, text)
    }
  }
  if (query.size === 0) return path
  return `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`
}
