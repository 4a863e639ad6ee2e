// What all requests share: settings, slots, time limits, and the way in which functions are called for them.
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginHandle, PluginLog, TriggerRequest } from '../../../sdk/plugin.ts'
import type { RawJson } from '../../../sdk/raw-json.ts'
import type { ExchangeSettings } from '../config.ts'
import { Cors } from '../response/cors.ts'
import { ErrorAnswers } from '../response/error-envelope.ts'
import { ExchangeProblems } from './exchange-problems.ts'
import type { ExchangeExtras } from './extras.ts'
import { RequestTimers } from './request-timers.ts'
import type { Route } from './route.ts'
import type { ServerSpans } from './server-spans.ts'
import { Slots } from './slots.ts'

/** The part of the handle that requests need. */
export type ExchangeHandle = Pick<PluginHandle, 'trigger' | 'offerChannel'>

export interface ExchangeContextDeps {
  readonly iii: ExchangeHandle
  readonly log: PluginLog
  readonly clock: Clock
  readonly settings: ExchangeSettings
  readonly extras: ExchangeExtras
  readonly spans: ServerSpans
  /** Whether the route of a binding is still there. */
  readonly isBound: (bindingId: string) => boolean
}

/** A call on behalf of a request. */
export interface ExchangeCall {
  readonly functionId: string
  readonly payload: RawJson
  readonly metadata: unknown
  readonly binding: string | undefined
  readonly namespace: string | undefined
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
  /** Of the request, on the clock. */
  readonly deadline: number
}

export class ExchangeContext {
  readonly iii: ExchangeHandle
  readonly log: PluginLog
  readonly clock: Clock
  extras: ExchangeExtras
  readonly spans: ServerSpans
  readonly #isBound: (bindingId: string) => boolean
  readonly slots: Slots
  readonly timers: RequestTimers
  readonly problems: ExchangeProblems
  #settings: ExchangeSettings
  #cors: Cors
  #answers: ErrorAnswers

  constructor({ iii, log, clock, settings, extras, spans, isBound }: ExchangeContextDeps) {
    this.iii = iii
    this.log = log
    this.clock = clock
    this.extras = extras
    this.spans = spans
    this.#isBound = isBound
    this.slots = new Slots(slotLimits(settings))
    this.timers = new RequestTimers(clock, settings.defaultTimeoutMs)
    this.problems = new ExchangeProblems(log)
    this.#settings = settings
    this.#cors = new Cors(settings.cors)
    this.#answers = errorAnswers(settings)
  }

  get settings(): ExchangeSettings {
    return this.#settings
  }

  get cors(): Cors {
    return this.#cors
  }

  get answers(): ErrorAnswers {
    return this.#answers
  }

  /** Requests that are under way keep their time limit and go on by the new settings in everything else. */
  change(settings: ExchangeSettings): void {
    this.#settings = settings
    this.#cors = new Cors(settings.cors)
    this.#answers = errorAnswers(settings)
    this.timers.limitMs = settings.defaultTimeoutMs
    this.slots.change(slotLimits(settings))
  }

  /** The engine makes no more calls for its binding. */
  hasLost({ bindingId }: Route): boolean {
    return bindingId !== undefined && !this.#isBound(bindingId)
  }

  /** Undefined = no value. Rejects as the handle's `trigger` does. */
  call({
    functionId,
    payload,
    metadata,
    binding,
    namespace,
    traceparent,
    baggage,
    deadline,
  }: ExchangeCall): Promise<RawJson | undefined> {
    const timeoutMs = this.#callTimeoutMs(deadline)
    const request: TriggerRequest = { function_id: functionId, payload, raw: true, timeoutMs }
    if (binding !== undefined) request.binding = binding
    if (namespace !== undefined) request.namespace = namespace
    if (metadata !== undefined) request.metadata = metadata
    if (traceparent !== undefined) request.traceparent = traceparent
    if (baggage !== undefined) request.baggage = baggage
    return this.iii.trigger(request) as Promise<RawJson | undefined>
  }

  /**
   * The limit of the request is what counts; that of its calls is there so that nothing waits for ever. It never ends before, also when
   * the setting has become shorter meanwhile: the usual one is measured by the same clock, and any other has time to spare.
   */
  #callTimeoutMs(deadline: number): number {
    const left = deadline - this.clock.passed()
    return this.timers.limitMs === USUAL_TIMEOUT_MS && left <= USUAL_TIMEOUT_MS
      ? USUAL_TIMEOUT_MS
      : Math.max(0, Math.ceil(left)) + BEHIND_MS
  }
}

/** That of a handle: such calls need no timer of their own. */
const USUAL_TIMEOUT_MS = 30_000
/** By how much a call outlives its request, otherwise. */
const BEHIND_MS = 1_000

function slotLimits({ concurrency, maxWaiting }: ExchangeSettings): { atOnce: number; waiting: number } {
  return { atOnce: concurrency, waiting: maxWaiting }
}

function errorAnswers({ hasLegacyErrors }: ExchangeSettings): ErrorAnswers {
  return new ErrorAnswers(hasLegacyErrors ? 'legacy' : 'envelope')
}
