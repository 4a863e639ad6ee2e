// Which requests are held against the format of their function, and by what: validators are made once per format, and kept as long as it
// stays the same.
import type { Clock } from '../../../../base/time/clock.ts'
import { isRecord } from '../../../../base/values/is-record.ts'
import { LimitedWarning } from '../../../../base/warnings/limited-warning.ts'
import type { Handle, PluginLog } from '../../../../sdk/plugin.ts'
import type { Route } from '../../exchange/route.ts'
import type { ApiRequest } from '../../request/api-request.ts'
import type { Answer } from '../../response/answer.ts'
import { notCheckedAnswer } from './problem-details.ts'
import { RequestValidator } from './request-validator.ts'
import { OutOfTime } from './within-time.ts'

export interface RequestValidationDeps {
  readonly iii: Pick<Handle, 'trigger'>
  readonly log: PluginLog
  readonly clock: Clock
}

/** Functions whose validators are kept; the least recently used one goes first. */
export const MAX_VALIDATORS = 500
/** How long a format is held to be the one of its function before the engine is asked again. */
export const FRESH_MS = 2_000
/** Longest wait for the engine's answer. */
const ASK_MS = 5_000

interface Known {
  readonly format: string
  /** Undefined: the function has no format, or none that can be checked against. */
  readonly validator: RequestValidator | undefined
  readonly askedAt: number
}

export class RequestValidation {
  readonly #deps: RequestValidationDeps
  readonly #warning: LimitedWarning
  /** By namespace and id; the least recently used one first. */
  readonly #known = new Map<string, Known>()
  readonly #asking = new Map<string, Promise<RequestValidator | undefined>>()

  constructor(deps: RequestValidationDeps) {
    this.#deps = deps
    this.#warning = new LimitedWarning((message, data) => deps.log.warn(message, data))
  }

  /** @returns the answer to a request that does not fit; never rejects. */
  check(request: ApiRequest, { functionId, namespace = 'default' }: Route, body: string) {
    const key = `${namespace} ${functionId}`
    const known = this.#known.get(key)
    if (known !== undefined && this.#deps.clock.passed() - known.askedAt < FRESH_MS) {
      this.#keep(key, known)
      return this.#checked(known.validator, request, functionId, body)
    }
    let asking = this.#asking.get(key)
    if (asking === undefined) {
      asking = this.#ask(key, functionId, namespace).finally(() => this.#asking.delete(key))
      this.#asking.set(key, asking)
    }
    return asking.then((validator) => this.#checked(validator, request, functionId, body))
  }

  /** What can't be checked is not let through: whoever makes a request could make it so. */
  #checked(
    validator: RequestValidator | undefined,
    request: ApiRequest,
    functionId: string,
    body: string,
  ): Answer | undefined {
    try {
      return validator?.check(request, body)
    } catch (error) {
      if (!(error instanceof OutOfTime || error instanceof RangeError)) throw error
      const reason = error instanceof OutOfTime ? 'it takes too long' : 'it is nested too deep'
      this.#warning.warn(
        `A request could not be held against the request_format of ${functionId}, and was answered with 422: ${reason}.`,
      )
      return notCheckedAnswer(reason)
    }
  }

  async #ask(key: string, functionId: string, namespace: string): Promise<RequestValidator | undefined> {
    const before = this.#known.get(key)
    let format: unknown
    try {
      format = await this.#formatOf(functionId, namespace)
    } catch (error) {
      this.#warning.warn(
        before === undefined
          ? `The format of ${functionId} is not known; its requests are not checked: ${(error as Error).message}`
          : `The format of ${functionId} could not be asked for again; the one from before counts: ${(error as Error).message}`,
      )
      this.#keep(key, { format: '', validator: undefined, ...before, askedAt: this.#deps.clock.passed() })
      return before?.validator
    }
    const text = JSON.stringify(format) ?? ''
    const validator = before?.format === text ? before.validator : this.#validatorOf(functionId, format)
    this.#keep(key, { format: text, validator, askedAt: this.#deps.clock.passed() })
    return validator
  }

  async #formatOf(functionId: string, namespace: string): Promise<unknown> {
    const { functions } = (await this.#deps.iii.trigger<unknown, { functions: readonly Record<string, unknown>[] }>({
      function_id: 'engine::functions::info',
      payload: { function_ids: [functionId], namespace },
      timeoutMs: ASK_MS,
    }))!
    return functions[0]?.['request_schema']
  }

  #validatorOf(functionId: string, format: unknown): RequestValidator | undefined {
    if (!isRecord(format)) return undefined
    try {
      return new RequestValidator(format)
    } catch (error) {
      // Once for each format: what is known of it is kept.
      this.#deps.log.warn(
        `The request_format of ${functionId} can't be checked against, its requests are not: ${(error as Error).message}`,
      )
      return undefined
    }
  }

  #keep(key: string, known: Known): void {
    this.#known.delete(key)
    this.#known.set(key, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_VALIDATORS && oldest !== undefined) this.#known.delete(oldest)
  }
}
