// What is done with a request before its handler is called (spec 06 A.6), where anything is: middleware of the worker, the JSON body, the
// check against the format of the function, the condition, middleware of the route.
import { RawJson } from '../../../sdk/raw-json.ts'
import { apiRequestJson, type ApiRequest } from '../request/api-request.ts'
import type { Answer } from '../response/answer.ts'
import { valueOf } from './call-outcome.ts'
import type { ExchangeContext } from './exchange-context.ts'
import { middlewareInput, readVerdict } from './middleware.ts'
import type { Route } from './route.ts'

/** The exchange that is being prepared. */
export interface PreparingExchange {
  /** Nothing more can become of it. */
  readonly isOver: boolean
  readonly isJson: boolean
  /** The request is held against a format. */
  readonly isChecked: boolean
  readonly onInvalidHeader: (name: string) => void
  enter(state: 'middleware' | 'preparing'): void
  /** Resolves with the JSON text of the body when it has come. */
  jsonBody(): Promise<string>
  /** @param isOfRoute it is made for the binding, and else for this worker itself. */
  call(functionId: string, payload: RawJson, isOfRoute: boolean): Promise<RawJson | undefined>
  failed(error: unknown, functionId: string): void
  answer(answer: Answer): void
}

export class Preparation {
  readonly #exchange: PreparingExchange
  readonly #context: ExchangeContext
  readonly #route: Route
  readonly #api: ApiRequest

  constructor(exchange: PreparingExchange, context: ExchangeContext, route: Route, api: ApiRequest) {
    this.#exchange = exchange
    this.#context = context
    this.#route = route
    this.#api = api
  }

  /** Resolves with the body for the handler, as JSON text; undefined when the request has been answered instead, or has ended. */
  async run(): Promise<string | undefined> {
    const exchange = this.#exchange
    const { settings, extras } = this.#context
    if (await this.#isAnsweredBy(settings.middleware, false)) return undefined
    exchange.enter('preparing')
    const body = exchange.isJson ? await exchange.jsonBody() : 'null'
    if (exchange.isOver) return undefined
    const refused = exchange.isChecked ? await extras.check?.(this.#api, this.#route, body) : undefined
    if (exchange.isOver) return undefined
    if (refused !== undefined) exchange.answer(refused)
    else if (!(await this.#isRefusedByCondition(body)) && !(await this.#isAnsweredBy(this.#route.middleware, true)))
      return body
    return undefined
  }

  /** Calls functions one after the other until one answers. True also when the request has ended meanwhile. */
  async #isAnsweredBy(functionIds: readonly string[], isOfRoute: boolean): Promise<boolean> {
    const exchange = this.#exchange
    if (functionIds.length === 0) return exchange.isOver
    exchange.enter('middleware')
    const payload = new RawJson(middlewareInput(this.#api))
    for (const functionId of functionIds) {
      let result: unknown
      try {
        result = valueOf(await exchange.call(functionId, payload, isOfRoute))
      } catch (error) {
        exchange.failed(error, functionId)
        return true
      }
      if (exchange.isOver) return true
      const verdict = readVerdict(result, exchange.onInvalidHeader)
      if (verdict.action === 'respond') {
        exchange.answer(verdict.answer)
        return true
      }
      if (verdict.action === 'unknown') this.#context.problems.noAction(functionId)
    }
    return false
  }

  async #isRefusedByCondition(body: string): Promise<boolean> {
    const exchange = this.#exchange
    const { condition } = this.#route
    if (condition === undefined) return exchange.isOver
    try {
      const result = await exchange.call(condition, new RawJson(apiRequestJson(this.#api, body)), true)
      if (exchange.isOver) return true
      if (result?.json !== 'false') return false
      exchange.answer(this.#context.answers.conditionNotMet())
    } catch (error) {
      exchange.failed(error, condition)
    }
    return true
  }
}
