// The worker side of HTTP load: binds a function to a route and answers each request by a prepared frame. A GET is answered with the
// payload of the number in its path, a POST with the body that it brought.
// Calls are checked like answers are: parsed once, then compared as bytes but for ids and the number.
import { randomUUID } from 'node:crypto'
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { Connection } from './connection.ts'
import type { HttpRoute } from './http-route.ts'
import { LearnedBytes } from './learned-bytes.ts'
import { N_MIN, payloadJson, writeN } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'
import { isValue } from './workload.ts'

/** Index of the call's id among the free places. */
const ID = 0

type Json = Readonly<Record<string, unknown>>

interface CallForm {
  readonly call: LearnedBytes
  readonly answer: Buffer
  readonly idAt: number
  readonly nAt: number
}

export class HttpCallee {
  readonly #route: HttpRoute
  readonly #value: string
  readonly #onEnd: (reason: Error) => void
  #connection: Connection | undefined
  readonly #registered = Promise.withResolvers<void>()
  #form: CallForm | undefined
  /** Requests answered with their payload. One that is damaged is answered with an error instead. */
  answered = 0

  /** Resolves when the target has taken the function; the route may take a little longer. */
  static async start(url: string, route: HttpRoute, onEnd: (reason: Error) => void): Promise<HttpCallee> {
    const callee = new HttpCallee(route, onEnd)
    const connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => callee.#onFrame(buffer, start, end),
      onEnd: (reason) => {
        callee.#registered.reject(reason)
        onEnd(reason)
      },
    })
    callee.#connection = connection
    const { functionId: function_id, pattern: api_path, method: http_method } = route
    connection.appendMessage({ type: 'registerfunction', id: function_id })
    const config = { api_path, http_method }
    connection.appendMessage({ type: 'registertrigger', id: randomUUID(), trigger_type: 'http', function_id, config })
    appendAnnouncement(connection, 'bench-http-callee')
    connection.flush()
    await callee.#registered.promise
    return callee
  }

  private constructor(route: HttpRoute, onEnd: (reason: Error) => void) {
    this.#route = route
    this.#value = payloadJson(route.payloadBytes)
    this.#onEnd = onEnd
  }

  close(): void {
    this.#connection?.close()
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    const form = this.#form
    if (form !== undefined && form.call.matches(buffer, start, end)) return this.#answer(form)
    this.#onUnknownForm(Buffer.from(buffer.subarray(start, end)))
  }

  #answer({ call, answer, idAt, nAt }: CallForm): void {
    this.answered++
    const connection = this.#connection!
    const at = connection.append(answer)
    call.copyFree(ID, connection.out, at + idAt)
    writeN(connection.out, at + nAt, call.n)
  }

  #onUnknownForm(bytes: Buffer): void {
    const message = JSON.parse(bytes.utf8Slice()) as Json
    if (isAnnounceAnswer(message)) return this.#registered.resolve()
    if (message['type'] === 'registrationrejected' || message['error'] !== undefined) {
      return this.#onEnd(new Error(`The target refused: ${bytes.utf8Slice()}`))
    }
    if (message['type'] !== 'invokefunction') return
    const id = String(message['invocation_id'])
    const n = this.#numberOf(message['data'] as Json)
    if (Number.isNaN(n)) return this.#refuse(id)
    const form = this.#learn(bytes, message, id, n)
    this.#form = form
    if (!form.call.matches(bytes, 0, bytes.length)) return this.#refuse(id)
    this.#answer(form)
  }

  #refuse(invocation_id: string): void {
    const error = { code: 'invocation_failed', message: 'The request that came with the call is damaged.' }
    const { functionId: function_id } = this.#route
    this.#connection?.appendMessage({ type: 'invocationresult', invocation_id, function_id, error })
  }

  /** NaN for a request that is none of the load's. */
  #numberOf(request: Json): number {
    const { body, path_params: params } = request as { body?: { n?: unknown } | null; path_params?: { n?: unknown } }
    const n = this.#route.method === 'GET' ? Number(params?.n) : body?.n
    if (typeof n !== 'number') return Number.NaN
    return this.#route.method === 'GET' || isValue(body, this.#value, n) ? n : Number.NaN
  }

  #learn(bytes: Buffer, message: Json, id: string, n: number): CallForm {
    const head = `{"type":"invocationresult","invocation_id":"`
    const result = `{"status_code":200,"body":${this.#value.replace(`${N_MIN}`, `${n}`)}}`
    const payload = `${head}${id}","function_id":${JSON.stringify(this.#route.functionId)},"result":${result}}`
    const answer = encodeMasked(payload)
    const header = answer.length - payload.length
    return {
      call: LearnedBytes.learn(bytes, [id, ...othersOf(message)], n),
      answer,
      idAt: header + head.length,
      nAt: answer.indexOf(`${n}`, header + head.length + id.length),
    }
  }
}

/** Besides the id of a call, what an engine may make anew for each: channels, trace context, the id of the request. */
function othersOf(message: Json): string[] {
  const data = message['data'] as Json
  const headers = (data['headers'] ?? {}) as Json
  const refs = [data['request_body'], data['response']].filter(
    (ref) => typeof ref === 'object' && ref !== null,
  ) as Json[]
  return [
    ...refs.flatMap((ref) => [ref['channel_id'], ref['access_key']]),
    message['traceparent'],
    message['baggage'],
    headers['traceparent'],
    headers['x-request-id'],
  ].filter((value): value is string => typeof value === 'string')
}
