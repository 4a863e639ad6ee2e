// Functions that are called before the handler and may answer in its place (spec 06 A.6). Pure: who calls them is exchange.ts.
import { isRecord } from '../../../base/values/is-record.ts'
import type { ApiRequest } from '../request/api-request.ts'
import type { Answer, HeaderList } from '../response/answer.ts'
import { hasNoBody } from '../response/answer.ts'
import { headerFault, wireValue } from '../response/header-rules.ts'
import { answerStatus, type OnInvalidHeader } from '../response/map-result.ts'

/** What a middleware gets, as JSON text: neither body nor path. */
export function middlewareInput({ path_params, query_params, headers, method }: ApiRequest): string {
  const request = { path_params, query_params, headers, method }
  return JSON.stringify({ phase: 'preHandler', request, context: {} })
}

export type MiddlewareVerdict =
  | { readonly action: 'continue' }
  | { readonly action: 'respond'; readonly answer: Answer }
  /** Something else, which counts as `continue`. */
  | { readonly action: 'unknown' }

const CONTINUE: MiddlewareVerdict = { action: 'continue' }
const UNKNOWN: MiddlewareVerdict = { action: 'unknown' }

export function readVerdict(result: unknown, onInvalidHeader: OnInvalidHeader): MiddlewareVerdict {
  const action = isRecord(result) ? result['action'] : undefined
  if (action === 'continue') return CONTINUE
  if (action !== 'respond') return UNKNOWN
  const response = (result as Record<string, unknown>)['response']
  return { action: 'respond', answer: answerOf(isRecord(response) ? response : {}, onInvalidHeader) }
}

/** The body is JSON whatever its headers say. */
function answerOf(
  { status_code, headers, body = null }: Record<string, unknown>,
  onInvalidHeader: OnInvalidHeader,
): Answer {
  const status = answerStatus(status_code)
  const list = headersOf(headers, onInvalidHeader)
  if (hasNoBody(status)) return { status, headers: list, body: '' }
  if (!list.some(([name]) => name === 'content-type')) list.push(['content-type', 'application/json'])
  return { status, headers: list, body: JSON.stringify(body) }
}

/** All or none: one value that is no text, and none of them is sent. */
function headersOf(headers: unknown, onInvalidHeader: OnInvalidHeader): HeaderList {
  if (!isRecord(headers) || !Object.values(headers).every((value) => typeof value === 'string')) return []
  const byName = new Map<string, string>()
  for (const [givenName, value] of Object.entries(headers) as [string, string][]) {
    const name = givenName.toLowerCase()
    const fault = headerFault(name, value)
    if (fault === 'invalid') onInvalidHeader(givenName)
    else if (fault === undefined && name !== 'content-length') byName.set(name, wireValue(value))
  }
  return [...byName]
}
