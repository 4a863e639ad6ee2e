// The span of a request (spec 06 A.10). None of its attributes is a header that may hold a secret.
import type { IncomingMessage } from 'node:http'
import { TRACEPARENT, type Span, type SpanAttributes, type Spans } from '../../../kit/telemetry/spans.ts'
import type { ApiRequest } from '../request/api-request.ts'
import { declaredLength } from './request-body.ts'
import type { Route } from './route.ts'

export class ServerSpans {
  readonly #spans: Spans

  constructor(spans: Spans) {
    this.#spans = spans
  }

  /**
   * Of the trace that the request belongs to, else of a new one. Undefined where nobody wants it.
   * @param status of the answer; asked at the end.
   */
  begin(request: IncomingMessage, api: ApiRequest, route: Route, status: () => number): Span | undefined {
    const name = `${api.method} ${route.apiPath}`
    const attributes = (): SpanAttributes => attributesOf(request, api, route, status())
    const parent = inboundTraceparent(api)
    return parent === undefined
      ? this.#spans.beginTrace(name, 'server', attributes)
      : this.#spans.begin(name, 'server', parent, attributes)
  }
}

/**
 * Undefined also for one that is not of the form. Its `tracestate` stays behind: neither calls on the wire (spec 01) nor exported spans have a
 * member for it.
 */
export function inboundTraceparent({ headers }: ApiRequest): string | undefined {
  const { traceparent } = headers
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined
}

/** @param status 0 = the client had gone before there was an answer. */
export function spanError(status: number): { code: string; message: string } | undefined {
  if (status >= 200 && status < 400) return undefined
  return status === 0
    ? { code: 'client_gone', message: 'The client had gone before there was an answer' }
    : { code: String(status), message: `HTTP ${status}` }
}

function attributesOf(
  request: IncomingMessage,
  { method, url, headers }: ApiRequest,
  { apiPath, functionId }: Route,
  status: number,
): SpanAttributes {
  const queryAt = url.indexOf('?')
  const scheme = headers['x-forwarded-proto'] ?? 'http'
  const host = headers['host'] ?? ''
  const size = declaredLength(request)
  const { 'user-agent': agent, 'content-type': contentType } = headers
  return {
    'http.request.method': method,
    'http.route': apiPath,
    'url.path': queryAt === -1 ? url : url.slice(0, queryAt),
    'url.query': queryAt === -1 ? '' : url.slice(queryAt + 1),
    'url.scheme': scheme,
    'url.full': `${scheme}://${host}${url}`,
    'server.address': host.replace(/:\d+$/, ''),
    ...(agent !== undefined && { 'user_agent.original': agent }),
    ...(contentType !== undefined && { 'http.request.header.content_type': contentType }),
    ...(size !== undefined && { 'http.request.body.size': size }),
    ...(status > 0 && { 'http.response.status_code': status }),
    'iii.function.kind': functionId.startsWith('engine::') ? 'internal' : 'user',
  }
}
