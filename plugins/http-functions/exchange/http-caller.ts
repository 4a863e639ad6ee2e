// Makes the calls of functions that are endpoints: rules of the URL, room, circuit, attempts within one deadline, and what the answer means.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../base/time/clock.ts'
import type { Span, Spans } from '../../../kit/telemetry/spans.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { RawJson } from '../../../sdk/raw-json.ts'
import type { Target } from '../target/target.ts'
import type { UrlSecurity } from '../target/url-security.ts'
import { CallError } from './call-error.ts'
import type { Admission, Circuits } from './circuits.ts'
import type { Connections } from './connections.ts'
import type { HostRoom } from './host-room.ts'
import { mapAnswer } from './map-answer.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import type { ReadBytes } from './response-body.ts'
import { retryWait } from './retry-waits.ts'
import { send, type Answer } from './send.ts'

export interface HttpCall {
  readonly functionId: string
  /** undefined = there is none. */
  readonly body: Buffer | undefined
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
  /** Nobody waits for longer than this; undefined = as long as the target says. */
  readonly limitMs: number | undefined
}

/** What settings decide; handed in anew when they change. */
export interface HttpCallerSettings {
  readonly security: UrlSecurity
  readonly connections: Connections
  readonly maxResponseBytes: number
}

export interface HttpCallerDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly room: HostRoom
  readonly circuits: Circuits
  readonly spans: Pick<Spans, 'begin'>
  readonly readBytes: ReadBytes
}

interface Way {
  readonly target: Target
  readonly call: HttpCall
  readonly traceparent: string | undefined
  readonly invocationId: string
  readonly signal: AbortSignal
  /** On `clock.passed()`. */
  readonly until: number
}

export class HttpCaller {
  readonly #deps: HttpCallerDeps
  readonly #running = new Set<AbortController>()
  #settings: HttpCallerSettings

  constructor(deps: HttpCallerDeps, settings: HttpCallerSettings) {
    this.#deps = deps
    this.#settings = settings
  }

  /** Requests that are under way end with the settings with which they began. */
  configure(settings: HttpCallerSettings): void {
    const before = this.#settings
    this.#settings = settings
    before.connections.close()
  }

  /**
   * The value of the answer, null for none. Throws CodedError: of the endpoint, or `url_validation_failed`, `overloaded`, `circuit_open`,
   * `http_request_failed`, `http_response_failed`, `response_too_large`, `http_error`, `invalid_response`.
   */
  async call(target: Target, call: HttpCall): Promise<RawJson | null> {
    const { clock, room } = this.#deps
    this.#settings.security.check(target.url)
    const giveBack = room.take(target.url.host)
    const ms = Math.min(target.timeoutMs, call.limitMs ?? Number.POSITIVE_INFINITY)
    const controller = new AbortController()
    this.#running.add(controller)
    const cancel = clock.after(ms, () => controller.abort(timedOut(ms)))
    const facts: SpanFacts = { attempts: 0, status: undefined }
    const span = this.#span(target, call, facts)
    try {
      const answer = await this.#answer(
        {
          target,
          call,
          traceparent: span?.traceparent ?? call.traceparent,
          invocationId: randomUUID(),
          signal: controller.signal,
          until: clock.passed() + ms,
        },
        facts,
      )
      const value = mapAnswer({ ...answer, contentType: answer.headers['content-type'] })
      span?.end()
      return value
    } catch (thrown) {
      const error = thrown instanceof CallError ? thrown.of(`${target.method} to ${target.url.origin}`) : thrown
      span?.end(error instanceof CodedError ? error : { code: 'unknown', message: String(error) })
      throw error
    } finally {
      cancel()
      this.#running.delete(controller)
      giveBack()
    }
  }

  /** Ends what is under way, and the connections. */
  close(): void {
    const reason = new CallError('http_request_failed', 'the worker was stopped before the answer had come', {
      isPassing: false,
    })
    for (const controller of this.#running) controller.abort(reason)
    this.#settings.connections.close()
  }

  /** The last answer that counts, after as many attempts as the target allows. */
  async #answer(way: Way, facts: SpanFacts): Promise<Answer> {
    const { clock, random } = this.#deps
    for (;;) {
      facts.attempts++
      const outcome = await this.#attempt(way)
      if (!(outcome instanceof Error)) facts.status = outcome.status
      const { method, retry } = way.target
      const wait = retryWait(retry, { method, attempt: facts.attempts, outcome, now: clock.now() }, random)
      // Who has no time for another attempt gets what there is.
      if (wait === undefined || clock.passed() + wait >= way.until || way.signal.aborted) {
        if (outcome instanceof Error) throw outcome
        return outcome
      }
      await this.#passes(wait, way.signal)
    }
  }

  async #attempt(way: Way): Promise<Answer | Error> {
    const { target, call, traceparent, invocationId, signal } = way
    const { clock, circuits, readBytes } = this.#deps
    // They may have changed since the attempt before.
    const settings = this.#settings
    settings.security.check(target.url)
    const admission: Admission | undefined =
      target.circuit === undefined ? undefined : circuits.admit(target.url.host, target.circuit)
    const { functionId, body, baggage } = call
    const timestamp = String(Math.floor(clock.now() / 1_000))
    const { headers: added, auth, url, method } = target
    const headers = outgoingHeaders({
      ...{ functionId, invocationId, timestamp, body, auth, traceparent, baggage },
      headers: added,
    })
    try {
      const answer = await send({ ...settings, readBytes }, { url, method, headers, body, signal })
      if (answer.status >= 500) admission?.failed(`HTTP ${answer.status}`)
      else admission?.succeeded()
      return answer
    } catch (thrown) {
      const error = thrown as Error
      if (error instanceof CallError && error.isPassing) admission?.failed(error.message)
      else admission?.undecided()
      return error
    }
  }

  #passes(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel()
        reject(signal.reason as Error)
      }
      const cancel = this.#deps.clock.after(ms, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  #span({ url, method }: Target, { functionId, traceparent }: HttpCall, facts: SpanFacts): Span | undefined {
    return this.#deps.spans.begin(`${method} ${url.host}`, 'client', traceparent, () => ({
      function_id: functionId,
      'http.request.method': method,
      'server.address': url.hostname,
      'url.scheme': url.protocol.slice(0, -1),
      ...(facts.status !== undefined && { 'http.response.status_code': facts.status }),
      ...(facts.attempts > 1 && { 'http.request.resend_count': facts.attempts - 1 }),
    }))
  }
}

/** Known when the call ends. */
interface SpanFacts {
  attempts: number
  status: number | undefined
}

function timedOut(ms: number): CallError {
  return new CallError('http_request_failed', `timed out after ${ms} ms`, { isPassing: true })
}
