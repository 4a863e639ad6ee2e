// Spans of a built-in worker, for the holder of the seat `telemetry`: of calls that are traced, and only while somebody holds the seat. They are
// sent as a worker's are, as OTLP in JSON, many at a time; nobody waits for them.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/time/clock.ts'
import { SEATS, type TelemetryMetadata } from '../../protocol/seats.ts'
import type { Handle } from '../../sdk/plugin.ts'
import { RawJson } from '../../sdk/raw-json.ts'

/** Spans that are sent together, and how long the first of them waits for others. */
export const SPAN_BATCH = { spans: 256, ms: 500 }

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface Span {
  /** For what is done within it. */
  readonly traceparent: string
  event(name: string, attributes: SpanAttributes): void
  /** @param error what it failed with; undefined = it succeeded */
  end(error?: { readonly code: string; readonly message: string }): void
}

export interface SpansDeps {
  readonly iii: Pick<Handle, 'trigger'>
  readonly clock: Clock
  /** Name of the worker. */
  readonly service: string
  /** Somebody holds the seat. */
  readonly isWanted: () => boolean
}

/** Version, trace, span, flags. */
export const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const SAMPLED = 1
const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const
const STATUS = { ok: 1, error: 2 } as const
const METADATA: TelemetryMetadata = { signal: 'OTLP', worker_id: null }

export class Spans {
  readonly #deps: SpansDeps
  #ended: object[] = []
  #cancel: (() => void) | undefined

  constructor(deps: SpansDeps) {
    this.#deps = deps
  }

  /** Undefined where nobody wants it: the parent is not there or not sampled, or nobody holds the seat. */
  begin(name: string, kind: SpanKind, parent: string | undefined, attributes: () => SpanAttributes): Span | undefined {
    if (parent === undefined || !this.#deps.isWanted()) return undefined
    const [, traceId, parentSpanId, flags] = TRACEPARENT.exec(parent) ?? []
    if (traceId === undefined || (Number.parseInt(flags!, 16) & SAMPLED) === 0) return undefined
    return this.#begin(name, kind, attributes, traceId, parentSpanId!)
  }

  /** The first span of a new trace, for what comes from outside without one. Undefined where nobody holds the seat. */
  beginTrace(name: string, kind: SpanKind, attributes: () => SpanAttributes): Span | undefined {
    if (!this.#deps.isWanted()) return undefined
    return this.#begin(name, kind, attributes, randomBytes(16).toString('hex'), undefined)
  }

  #begin(
    name: string,
    kind: SpanKind,
    attributes: () => SpanAttributes,
    traceId: string,
    parentSpanId: string | undefined,
  ): Span {
    const { clock } = this.#deps
    const startedAt = clock.now()
    const started = clock.passed()
    const now = (): number => startedAt + (clock.passed() - started)
    const spanId = randomBytes(8).toString('hex')
    const events: object[] = []
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      event: (eventName, of) =>
        void events.push({ name: eventName, timeUnixNano: nanoseconds(now()), attributes: listOf(of) }),
      end: (error) =>
        this.#add({
          traceId,
          spanId,
          ...(parentSpanId !== undefined && { parentSpanId }),
          name,
          kind: KINDS[kind],
          startTimeUnixNano: nanoseconds(startedAt),
          endTimeUnixNano: nanoseconds(now()),
          attributes: listOf({ ...attributes(), ...(error !== undefined && { 'error.type': error.code }) }),
          events,
          status: error === undefined ? { code: STATUS.ok } : { code: STATUS.error, message: error.message },
        }),
    }
  }

  /** Sends what has ended. */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const spans = this.#ended
    if (spans.length === 0) return
    this.#ended = []
    const { iii, service } = this.#deps
    const resource = { attributes: listOf({ 'service.name': service }) }
    const scopeSpans = [{ scope: { name: service }, spans }]
    const payload = new RawJson(JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }))
    // Void: it is not waited for, and where the seat is given up meanwhile it is lost.
    const request = { function_id: SEATS.telemetry, payload, metadata: METADATA, action: { type: 'void' } } as const
    iii.trigger(request).catch(() => {})
  }

  #add(span: object): void {
    if (this.#ended.push(span) >= SPAN_BATCH.spans) return this.flush()
    this.#cancel ??= this.#deps.clock.after(SPAN_BATCH.ms, () => this.flush())
  }
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`
}

function listOf(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
}

function valueOf(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  return typeof value === 'number' ? { intValue: String(value) } : { boolValue: value }
}
