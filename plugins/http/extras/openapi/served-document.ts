// The OpenAPI document as it is served: made when it is asked for, kept while neither routes nor functions change.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../../base/time/clock.ts'
import type { Handle } from '../../../../sdk/plugin.ts'
import type { Answer } from '../../response/answer.ts'
import { tagged } from '../etag.ts'
import { openApiDocument, type DescribedRoute, type DocumentOptions } from './document.ts'
import type { DescribedFunction } from './operation.ts'

export interface ServedDocumentDeps {
  readonly iii: Pick<Handle, 'trigger'>
  readonly clock: Clock
  /** Those that answer at the moment. */
  routes(): Iterable<DescribedRoute>
  options(): DocumentOptions
}

/** How long a document counts before the engine is asked for its functions again. */
export const KEPT_MS = 1_000
/** One that takes long to make counts so many times as long: whoever asks for it does not keep the server busy. */
export const KEPT_TIMES = 20
/** Longest wait for the engine's answer. */
const ASK_MS = 10_000

interface FunctionRow extends DescribedFunction {
  readonly function_id: string
  readonly namespace: string
}

export class ServedDocument {
  readonly #deps: ServedDocumentDeps
  #text = ''
  #keptUntil = Number.NEGATIVE_INFINITY
  #making: Promise<string> | undefined

  constructor(deps: ServedDocumentDeps) {
    this.#deps = deps
  }

  async answer({ method = 'GET', headers }: Pick<IncomingMessage, 'method' | 'headers'>): Promise<Answer> {
    let body: string
    try {
      body = await this.#current()
    } catch (error) {
      const message = `The functions of the engine are not known at the moment: ${(error as Error).message}`
      return { status: 503, headers: [['retry-after', '1'], TEXT_TYPE], body: message }
    }
    const answer: Answer = { status: 200, headers: [JSON_TYPE, ['cache-control', 'no-cache']], body }
    return tagged(answer, { method, ifNoneMatch: headers['if-none-match'] })
  }

  #current(): string | Promise<string> {
    if (this.#deps.clock.passed() < this.#keptUntil) return this.#text
    return (this.#making ??= this.#make().finally(() => (this.#making = undefined)))
  }

  async #make(): Promise<string> {
    const { iii, clock, routes, options } = this.#deps
    const begunAt = clock.passed()
    const listing = await iii.trigger<unknown, { functions: readonly FunctionRow[] }>({
      function_id: 'engine::functions::list',
      payload: { include_internal: true },
      timeoutMs: ASK_MS,
    })
    const functions = new Map(listing!.functions.map((row) => [`${row.namespace} ${row.function_id}`, row]))
    const document = openApiDocument(options(), routes(), (namespace = 'default', id) =>
      functions.get(`${namespace} ${id}`),
    )
    this.#text = JSON.stringify(document)
    const madeAt = clock.passed()
    this.#keptUntil = madeAt + Math.max(KEPT_MS, KEPT_TIMES * (madeAt - begunAt))
    return this.#text
  }
}

const JSON_TYPE = ['content-type', 'application/json'] as const
const TEXT_TYPE = ['content-type', 'text/plain; charset=utf-8'] as const
