// HTTP as functions see it: the types of requests and answers, and `http`, which gives a handler a response to write to (spec 08 §9).
import type { ChannelReader, ChannelWriter } from './channels.ts'
import type { Writable } from 'node:stream'

/** A request whose body has been read. */
export interface HttpRequest<Body = any> {
  path_params: Record<string, string>
  query_params: Record<string, string | string[]>
  body: Body
  headers: Record<string, string | string[]>
  method: string
}

/** An answer as a whole: what a handler returns. */
export interface HttpResponse<Body = any> {
  status_code: number
  headers?: Record<string, string>
  body?: Body
}

/** A request whose body can be read as it comes. */
export interface StreamRequest<Body = any> extends HttpRequest<Body> {
  request_body: ChannelReader
}

/** An answer that is written piece by piece. */
export interface StreamResponse {
  /** Before anything is written to `stream`. */
  status(code: number): void
  /** Before anything is written to `stream`. */
  headers(headers: Record<string, string>): void
  /** Takes the body. */
  readonly stream: Writable
  /** Ends the answer. */
  close(): void
}

/** The request as it is called with: its `response` is what the answer goes through. */
export interface InternalHttpRequest<Body = any> extends StreamRequest<Body> {
  response: ChannelWriter
}

/** The name of `HttpRequest` in code of old. */
export type ApiRequest<Body = any> = HttpRequest<Body>
/** The name of `HttpResponse` in code of old. */
export type ApiResponse<Body = any> = HttpResponse<Body>
/** Of requests. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Makes a function's handler of one that takes a request and a response: it writes the response, or returns the whole answer.
 *
 * ```ts
 * iii.registerFunction('page', http(async (req, res) => {
 *   res.status(200)
 *   res.headers({ 'content-type': 'text/plain' })
 *   res.stream.end(`You asked for ${req.method}`)
 * }))
 * ```
 */
export function http<Body = any>(
  handler: (
    request: StreamRequest<Body>,
    response: StreamResponse,
  ) => Promise<void | HttpResponse> | void | HttpResponse,
): (data: InternalHttpRequest<Body>) => Promise<void | HttpResponse> {
  return async ({ response: writer, ...request }) => {
    const say = (message: object): void => writer.sendMessage(JSON.stringify(message))
    return handler(request, {
      status: (status_code) => say({ type: 'set_status', status_code }),
      headers: (headers) => say({ type: 'set_headers', headers }),
      stream: writer.stream,
      close: () => writer.close(),
    })
  }
}
