// What a request is for (spec 06 A.4): a route, a preflight, something of this worker itself, or nothing.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createApiRequest, type ApiRequest } from '../request/api-request.ts'
import { headRefusal, type HeadRefusal } from '../request/head-refusal.ts'
import { isJsonContentType } from '../request/json-body.ts'
import { QueryError } from '../request/query.ts'
import { requestIdOf } from '../request/request-id.ts'
import type { Answer, HeaderList } from '../response/answer.ts'
import type { BoundRoutes } from '../routes/bound-routes.ts'
import type { RouteMatch } from '../routes/route-table.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeContext } from './exchange-context.ts'
import type { ExchangeServer } from './exchange-server.ts'
import { declaredLength } from './request-body.ts'
import { ownRoute, type Route } from './route.ts'
import { lengthOf, sendAnswer, sendLast } from './send-answer.ts'

export interface DispatcherDeps {
  readonly context: ExchangeContext
  readonly routes: () => BoundRoutes<Route>
  /** While a binding for this may still come: resolves when it is worth looking for one again. */
  readonly whenReady: (method: string, path: string) => Promise<void> | undefined
}

export class Dispatcher {
  readonly #deps: DispatcherDeps

  constructor(deps: DispatcherDeps) {
    this.#deps = deps
  }

  /** @param awaitsContinue the client waits for `100 Continue`. */
  dispatch(server: ExchangeServer, request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const refused = headRefusal(request)
    if (refused !== undefined) return this.#refuse(request, response, refused)
    const target = targetOf(request)
    const queryAt = target.indexOf('?')
    const path = queryAt === -1 ? target : target.slice(0, queryAt)
    const { method = 'GET' } = request
    if (method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
      return this.#preflight(server, request, response)
    const match = this.#find(method, path)
    // A trusted worker may answer in place of this one, a session may not.
    const own = match?.value.session === undefined ? undefined : this.#deps.context.extras.ownAnswer?.(request, path)
    if (own !== undefined) return void this.#answerOwn(server, request, response, own)
    if (match !== undefined) return this.#begin(server, request, response, { target, ...match }, awaitsContinue)
    const ready = this.#deps.whenReady(method, path)
    if (ready !== undefined)
      return void ready.then(() => response.destroyed || this.dispatch(server, request, response, awaitsContinue))
    if (method === 'OPTIONS') return this.#preflight(server, request, response)
    this.#unmatched(server, request, response, { target, path, method, awaitsContinue })
  }

  #find(method: string, path: string): RouteMatch<Route> | undefined {
    return this.#deps.routes().find(method, path)
  }

  #begin(
    server: ExchangeServer,
    request: IncomingMessage,
    response: ServerResponse,
    { target, value: route, params }: RouteMatch<Route> & { readonly target: string },
    awaitsContinue: boolean,
  ): void {
    const { context } = this.#deps
    let api: ApiRequest
    try {
      const { method = 'GET', rawHeaders } = request
      const { apiPath, method: routeMethod } = route
      api = createApiRequest({ method, target, rawHeaders, apiPath, routeMethod, params })
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      return this.#answer(server, request, response, context.answers.badRequest(error.message))
    }
    const { settings } = context
    const limit = isJsonContentType(api.headers['content-type']) ? settings.jsonBodyLimit : settings.bodyLimit
    if ((declaredLength(request) ?? 0) > limit)
      return this.#answer(server, request, response, context.answers.bodyTooLarge(limit))
    const { requestIdHeader } = settings
    if (requestIdHeader !== undefined)
      (api.headers as Record<string, string>)[requestIdHeader] = requestIdOf(api.headers[requestIdHeader])
    new Exchange(context, server, request, response, { route, api, awaitsContinue }).start()
  }

  #unmatched(
    server: ExchangeServer,
    request: IncomingMessage,
    response: ServerResponse,
    { target, path, method, awaitsContinue }: { target: string; path: string; method: string; awaitsContinue: boolean },
  ): void {
    const { context, routes } = this.#deps
    const own = context.extras.ownAnswer?.(request, path)
    if (own !== undefined) return void this.#answerOwn(server, request, response, own)
    const methods = routes().methodsOf(path)
    if (methods.length > 0) return this.#answer(server, request, response, context.answers.methodNotAllowed(methods))
    const { notFoundFunction } = context.settings
    if (notFoundFunction === undefined) return this.#answer(server, request, response, context.answers.notFound())
    const value = ownRoute(notFoundFunction, path, method)
    this.#begin(server, request, response, { target, value, params: {} }, awaitsContinue)
  }

  /** Of one that fails nothing is told but that it did. */
  async #answerOwn(
    server: ExchangeServer,
    request: IncomingMessage,
    response: ServerResponse,
    own: Answer | Promise<Answer>,
  ): Promise<void> {
    const { log, answers, extras } = this.#deps.context
    let answer: Answer
    try {
      answer = await own
      answer = (await extras.finish?.(request, answer)) ?? answer
    } catch (error) {
      const failure = answers.internalError()
      log.error('A path of the HTTP worker itself could not be answered.', { error, error_id: failure.errorId })
      answer = failure
    }
    if (!response.destroyed) this.#answer(server, request, response, answer)
  }

  /** As answers tell it that come from no exchange. */
  #ownHeaders(request: IncomingMessage): HeaderList {
    const { requestIdHeader } = this.#deps.context.settings
    if (requestIdHeader === undefined) return []
    const given = request.headers[requestIdHeader]
    return [[requestIdHeader, requestIdOf(typeof given === 'string' ? given : undefined)]]
  }

  #preflight(server: ExchangeServer, request: IncomingMessage, response: ServerResponse): void {
    this.#send(server, request, response, this.#deps.context.cors.preflightFor(request.headers.origin))
  }

  /** Where the next request begins is not sure: the connection ends. */
  #refuse(request: IncomingMessage, response: ServerResponse, { status, message }: HeadRefusal): void {
    const { answers, cors } = this.#deps.context
    const { headers, body } = answers.badRequest(message)
    const own = this.#ownHeaders(request)
    const answer = { status, headers: [...cors.addTo(headers, request.headers.origin), ...own], body }
    this.#tellWhenDone(request, response, answer, own[0]?.[1])
    sendLast(response, answer)
  }

  #answer(server: ExchangeServer, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const headers = this.#deps.context.cors.addTo(answer.headers, request.headers.origin)
    this.#send(server, request, response, { ...answer, headers })
  }

  #send(server: ExchangeServer, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const headers = this.#ownHeaders(request)
    this.#tellWhenDone(request, response, answer, headers[0]?.[1])
    const timeoutMs = this.#deps.context.settings.sendTimeoutMs
    sendAnswer(request, response, answer, { headers, isLast: server.isDraining, timeoutMs })
  }

  #tellWhenDone(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    requestId: string | undefined,
  ): void {
    const startedAt = performance.now()
    const bytes = request.method === 'HEAD' ? 0 : lengthOf(answer.body)
    const { done } = this.#deps.context.extras
    if (done !== undefined)
      response.on('close', () =>
        done({
          request,
          route: undefined,
          status: answer.status,
          bytes,
          durationMs: performance.now() - startedAt,
          isStreamed: false,
          errorId: undefined,
          requestId,
        }),
      )
  }
}

/** Path and query. Clients of proxies send a whole URL. */
function targetOf({ url = '/' }: IncomingMessage): string {
  if (url.charCodeAt(0) === SLASH) return url
  const origin = /^https?:\/\/[^/?]*/i.exec(url)?.[0]
  if (origin === undefined) return url
  const target = url.slice(origin.length)
  return target.charCodeAt(0) === SLASH ? target : `/${target}`
}

const SLASH = 0x2f
