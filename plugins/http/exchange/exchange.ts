// One request from its slot to its last byte (spec 06 A.6, A.8). One field says where it is; whatever comes too late for that is ignored.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Span } from '../../../kit/telemetry/spans.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { apiRequestJson, type ApiRequest } from '../request/api-request.ts'
import { isJsonContentType, jsonBodyText } from '../request/json-body.ts'
import { requestIdIn } from '../request/request-id.ts'
import type { Answer, HeaderList } from '../response/answer.ts'
import { mapRawResult } from '../response/map-result.ts'
import { failureOf } from './call-outcome.ts'
import { RequestChannels, type ChannelEvents } from './channels.ts'
import { StreamHead } from './control-message.ts'
import type { ExchangeContext } from './exchange-context.ts'
import type { ExchangeServer } from './exchange-server.ts'
import { Preparation, type PreparingExchange } from './preparation.ts'
import { BodyError, BodyForwarding, collectBody, hasBody } from './request-body.ts'
import type { Timed } from './request-timers.ts'
import { ResponseStream } from './response-stream.ts'
import type { Route } from './route.ts'
import { flat, sendAnswer } from './send-answer.ts'
import { inboundTraceparent, spanError } from './server-spans.ts'
import type { SlotWaiter } from './slots.ts'

/**
 * `waiting` for a slot; `middleware` is being called; `preparing` body, channels and condition; `handling`: the handler was called;
 * `streaming`: its head is out; `answered`: the whole answer is on its way; `over`.
 */
type State = 'waiting' | 'middleware' | 'preparing' | 'handling' | 'streaming' | 'answered' | 'over'

export class Exchange implements ChannelEvents, PreparingExchange, SlotWaiter, Timed {
  deadline = 0
  limitMs = 0
  timedAt = -1
  /** Kept by the roster of its server. */
  runningAt = -1
  readonly #context: ExchangeContext
  readonly #server: ExchangeServer
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #route: Route
  readonly #api: ApiRequest
  readonly #startedAt: number
  /** The client waits for `100 Continue` before it sends its body. */
  #awaitsContinue: boolean
  #state: State = 'waiting'
  #channels: RequestChannels | undefined
  /** Of a JSON body, for the worker that reads it as bytes. */
  #jsonBytes: Buffer | undefined
  #body: BodyForwarding | undefined
  #head: StreamHead | undefined
  #stream: ResponseStream | undefined
  /** It may still write its answer. */
  #hasReturnedNull = false
  #cancelGrace: (() => void) | undefined
  #status = 0
  #bytes = 0
  #errorId: string | undefined
  #span: Span | undefined

  constructor(
    context: ExchangeContext,
    server: ExchangeServer,
    request: IncomingMessage,
    response: ServerResponse,
    {
      route,
      api,
      awaitsContinue,
    }: { readonly route: Route; readonly api: ApiRequest; readonly awaitsContinue: boolean },
  ) {
    this.#context = context
    this.#server = server
    this.#request = request
    this.#response = response
    this.#route = route
    this.#api = api
    this.#awaitsContinue = awaitsContinue
    this.#startedAt = context.clock.passed()
  }

  /** Event streams end now, with an end that their clients understand; everything else goes on. */
  endStream(): void {
    if (this.#state === 'streaming' && this.#head?.contentType?.startsWith('text/event-stream'))
      this.responseEnded(true)
  }

  start(): void {
    this.#response.on('close', () => this.#closed())
    this.#server.running.add(this)
    this.#span = this.#context.spans.begin(this.#request, this.#api, this.#route, () => this.#status)
    switch (this.#context.slots.take(this)) {
      case 'granted':
        return this.granted()
      case 'full':
        return this.answer(this.#context.answers.overloaded())
    }
  }

  granted(): void {
    this.#state = 'preparing'
    this.#context.timers.start(this)
    const { settings } = this.#context
    const { condition, middleware } = this.#route
    const isPlain = settings.middleware.length === 0 && middleware.length === 0 && condition === undefined
    if (!isPlain || this.isJson || this.isChecked) return void this.#prepare()
    this.#callHandler('null')
  }

  /** Its time is up. */
  expired(): void {
    const { answers, problems } = this.#context
    if (this.#state === 'middleware') return this.answer(answers.middlewareTimeout())
    if (this.#state === 'handling') problems.timedOut(this.#route, this.limitMs, this.#hasReturnedNull)
    this.answer(answers.requestTimeout(this.limitMs))
  }

  // ── its channels ─────────────────────────────────────────────────────────────────────────────────────────────────

  bodyWanted(): void {
    const channels = this.#channels!
    if (this.#jsonBytes !== undefined) {
      if (this.#jsonBytes.length > 0) channels.writeBody(this.#jsonBytes)
      return channels.endBody()
    }
    if (!hasBody(this.#request)) return channels.endBody()
    this.#continue()
    const { bodyLimit } = this.#context.settings
    this.#body = new BodyForwarding(this.#request, channels, bodyLimit, () => this.#tooLarge(bodyLimit))
  }

  bodyDrained(): void {
    this.#body?.drained()
  }

  bodyClosed(): void {
    this.#body?.stop()
  }

  responseText(text: string): void {
    if (this.#state === 'handling') this.#streamHead.take(text)
  }

  responseBytes(bytes: Uint8Array): void {
    if (this.#state === 'handling') this.#beginStream()
    if (this.#state === 'streaming') this.#stream!.write(bytes)
  }

  responseEnded(isClean: boolean): void {
    if (this.#state === 'streaming') return isClean ? this.#stream!.end() : this.#stream!.abort()
    // Of a worker that was lost its call tells how it ended.
    if (this.#state !== 'handling' || !isClean) return
    const { status, headers } = this.#streamHead
    // Its length is that of nothing, whatever was promised.
    this.answer({ status, headers: headers.filter(([name]) => name !== 'content-length'), body: '' })
  }

  // ── before the handler ───────────────────────────────────────────────────────────────────────────────────────────

  async #prepare(): Promise<void> {
    try {
      const body = await new Preparation(this, this.#context, this.#route, this.#api).run()
      if (body !== undefined) this.#callHandler(body)
    } catch (error) {
      if (!(error instanceof BodyError)) return this.#fault(error)
      if (error.failure === 'too-large') this.#tooLarge(this.#context.settings.jsonBodyLimit)
    }
  }

  enter(state: 'middleware' | 'preparing'): void {
    this.#state = state
  }

  async jsonBody(): Promise<string> {
    this.#continue()
    const bytes = await collectBody(this.#request, this.#context.settings.jsonBodyLimit)
    if (this.isOver) return 'null'
    this.#jsonBytes = bytes
    return jsonBodyText(bytes)
  }

  // ── the handler ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param body JSON text. */
  #callHandler(body: string): void {
    this.#state = 'handling'
    const { functionId, metadata } = this.#route
    try {
      this.#channels = new RequestChannels(this.#context.iii, this)
    } catch (error) {
      return this.failed(error, functionId)
    }
    const payload = new RawJson(apiRequestJson(this.#api, body, this.#channels.refs))
    this.call(functionId, payload, true, metadata).then(
      (result) => this.#returned(result),
      (error: unknown) => this.failed(error, functionId),
    )
  }

  #returned(result: RawJson | undefined): void {
    if (this.#state !== 'handling') return
    if (result !== undefined && result.json !== 'null') {
      let answer: Answer
      try {
        answer = mapRawResult(result.json, this.onInvalidHeader, this.#onNoMember)
      } catch (error) {
        return this.#fault(error)
      }
      return this.answer(answer)
    }
    this.#hasReturnedNull = true
    const { nullResultGraceMs } = this.#context.settings
    if (nullResultGraceMs === 0) return
    this.#cancelGrace = this.#context.clock.after(nullResultGraceMs, () => {
      if (this.#state === 'handling' && !this.#channels!.isResponseOpen) this.answer(mapRawResult('{}'))
    })
  }

  /** @param functionId whose call it was. */
  failed(thrown: unknown, functionId: string): void {
    if (this.isOver || this.#state === 'streaming') return
    const { answers, clock, log } = this.#context
    const { code, message } = failureOf(thrown)
    // A call is given up after the end of its request; which of both timers is seen first is chance.
    if (code === 'TIMEOUT' && clock.passed() >= this.deadline) return this.expired()
    const { isUndelivered = false } = thrown as { isUndelivered?: boolean }
    if (code === 'overloaded' && isUndelivered) return this.answer(answers.overloaded())
    if (code === 'FORBIDDEN' && isUndelivered && this.#context.hasLost(this.#route))
      return this.answer(answers.routeGone())
    const answer = answers.functionFailed({ code, message })
    this.#errorId = answer.errorId
    const { method, apiPath } = this.#route
    log.error(`${method} ${apiPath}: ${functionId} failed: ${code}: ${message}`, { error_id: answer.errorId })
    this.answer(answer)
  }

  #fault(error: unknown): void {
    if (this.isOver || this.#state === 'streaming') return
    const { answers, log } = this.#context
    const answer = answers.internalError()
    this.#errorId = answer.errorId
    log.error('A request could not be served.', { error_id: answer.errorId, error })
    this.answer(answer)
  }

  call(functionId: string, payload: RawJson, isOfRoute: boolean, metadata?: unknown): Promise<RawJson | undefined> {
    const { bindingId, namespace } = this.#route
    return this.#context.call({
      functionId,
      payload,
      metadata,
      ...(isOfRoute ? { binding: bindingId, namespace } : NOT_OF_A_ROUTE),
      traceparent: this.#span?.traceparent ?? inboundTraceparent(this.#api),
      baggage: this.#api.headers['baggage'],
      deadline: this.deadline,
    })
  }

  // ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────

  #beginStream(): void {
    const { cors, timers, slots } = this.#context
    const head = this.#streamHead
    this.#state = 'streaming'
    timers.stop(this)
    // A stream may last for days: it does not keep others from being worked on.
    slots.release()
    this.#status = head.status
    const length = head.headers.find(([name]) => name === 'content-length')?.[1]
    this.#stream = new ResponseStream(
      this.#response,
      this.#channels!,
      length === undefined ? undefined : Number(length),
      this.#context.settings.sendTimeoutMs,
    )
    const list = flat(cors.addTo(head.headers, this.#api.headers['origin']), this.#ownHeaders)
    if (this.#server.isDraining) list.push('connection', 'close')
    this.#response.writeHead(head.status, list)
    this.#response.flushHeaders()
  }

  answer(answer: Answer): void {
    if (this.isOver) return
    this.#leaveQueue()
    this.#state = 'answered'
    this.#body?.stop()
    this.#channels?.close()
    const { finish } = this.#context.extras
    const finished = finish === undefined ? answer : finish(this.#request, answer)
    if (!(finished instanceof Promise)) return this.#send(finished)
    finished.then(
      (whole) => this.#send(whole),
      (error: unknown) => {
        this.#context.log.error('An answer could not be finished; it is sent as it was.', { error })
        this.#send(answer)
      },
    )
  }

  #send(answer: Answer): void {
    // The client may have gone while the answer was being finished.
    if (this.#state === 'over') return
    const { cors } = this.#context
    const headers = cors.addTo(answer.headers, this.#api.headers['origin'])
    this.#status = answer.status
    const sending = {
      headers: this.#ownHeaders,
      isLast: this.#server.isDraining,
      timeoutMs: this.#context.settings.sendTimeoutMs,
    }
    this.#bytes = sendAnswer(this.#request, this.#response, { ...answer, headers }, sending)
  }

  #tooLarge(limit: number): void {
    if (this.#state === 'streaming') return this.#stream!.abort()
    this.answer(this.#context.answers.bodyTooLarge(limit))
  }

  /** The answer has been sent, or the client has gone. */
  #closed(): void {
    if (this.#state === 'over') return
    const isStreamed = this.#stream !== undefined
    if (isStreamed) this.#bytes = this.#stream!.bytes
    this.#leaveQueue()
    this.#state = 'over'
    this.#body?.stop()
    this.#channels?.close()
    this.#server.running.delete(this)
    this.#span?.end(spanError(this.#status))
    const { extras, clock } = this.#context
    extras.done?.({
      request: this.#request,
      route: this.#route,
      status: this.#status,
      bytes: this.#bytes,
      durationMs: clock.passed() - this.#startedAt,
      isStreamed,
      errorId: this.#errorId,
      requestId: this.#requestId,
    })
  }

  /** It takes no slot and no time any more. */
  #leaveQueue(): void {
    this.#cancelGrace?.()
    const { slots, timers } = this.#context
    switch (this.#state) {
      case 'waiting':
        return slots.leave(this)
      case 'middleware':
      case 'preparing':
      case 'handling':
        timers.stop(this)
        slots.release()
    }
  }

  #continue(): void {
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.#response.writeContinue()
  }

  get isChecked(): boolean {
    return this.#context.extras.isChecked?.(this.#route) === true
  }

  get isJson(): boolean {
    return isJsonContentType(this.#api.headers['content-type'])
  }

  /** Nothing more can become of it. */
  get isOver(): boolean {
    return this.#state === 'answered' || this.#state === 'over'
  }

  /** Of this worker, beside those of the function. */
  get #ownHeaders(): HeaderList {
    const { requestIdHeader } = this.#context.settings
    const id = this.#requestId
    return requestIdHeader === undefined || id === undefined ? NO_HEADERS : [[requestIdHeader, id]]
  }

  /** Undefined also for one that no dispatcher has looked at, since the setting has changed meanwhile. */
  get #requestId(): string | undefined {
    return requestIdIn(this.#api.headers, this.#context.settings.requestIdHeader)
  }

  get #streamHead(): StreamHead {
    return (this.#head ??= new StreamHead(this.onInvalidHeader))
  }

  readonly #onNoMember = (): void => this.#context.problems.noMember(this.#route)

  readonly onInvalidHeader = (name: string): void => this.#context.problems.invalidHeader(this.#route, name)
}

const NO_HEADERS: HeaderList = []
const NOT_OF_A_ROUTE = { binding: undefined, namespace: undefined }
