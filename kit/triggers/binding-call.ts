// What happens when a trigger fires for one binding: its condition is asked, then its handler is called, both in the trace of whoever
// caused the event and with a deadline each. The order among events, and how many run at a time, is the business of whoever calls
// this (`binding-lane.ts` for most trigger types).
import type { FanOut } from '../../sdk/fan-outs.ts'
import type { TriggerBinding, TriggerRequest } from '../../sdk/handle-types.ts'
import type { BindingProblems } from './binding-problems.ts'

/** The part of the handle that firing needs. */
export interface Caller {
  trigger(request: TriggerRequest): Promise<unknown>
  /** Calls many functions at once, where that is possible at the moment. */
  readonly fanOut?: ((call: FanOut) => void) | undefined
}

/** Trace context of whoever caused the event; propagated to conditions and handlers. */
export interface EventOrigin {
  readonly traceparent?: string | undefined
  readonly baggage?: string | undefined
}

/** One event for one binding. */
export interface BindingCall {
  readonly binding: TriggerBinding
  /** Id of the function that decides whether the handler is called; undefined = it always is. */
  readonly condition: string | undefined
  /** What condition and handler get; the handler gets the binding's metadata as well. */
  readonly payload: unknown
  readonly origin?: EventOrigin
  /** After this time a condition has failed. */
  readonly conditionTimeoutMs: number
  /** After this time a handler has failed; it may still run. */
  readonly handlerTimeoutMs: number
}

/** `ran` with the result, `skipped`, or `failed`. */
export type BindingOutcome =
  /** The handler has answered. */
  | { readonly outcome: 'ran'; readonly result: unknown }
  /** It was not called: the condition returned `false`, or `beforeHandler` did. */
  | { readonly outcome: 'skipped' }
  /** Condition or handler failed. A condition that fails keeps the handler from being called. */
  | { readonly outcome: 'failed'; readonly part: 'condition' | 'handler'; readonly error: unknown }

/** What comes before the handler's call, and right after it. */
export interface BindingSteps {
  /**
   * Called when it is decided whether the handler is to be called, and awaited: for what must come before it. When it returns `false`
   * the handler is not called after all.
   */
  beforeHandler?(passes: boolean): void | boolean | Promise<void | boolean>
  /** Called when the call of the handler has been made, in the same turn, or when it is certain that none will be. */
  handedOut?(): void
}

/** The handle to call with, and who is told of problems. */
export interface BindingCallDeps {
  readonly iii: Caller
  /** Told of what goes wrong. */
  readonly problems: BindingProblems
}

const SKIPPED: BindingOutcome = { outcome: 'skipped' }

/**
 * Runs condition and handler. Never rejects: what goes wrong is logged and told by the outcome. Only a literal `false` of the condition
 * skips the handler; so does a condition that fails. Without condition and `beforeHandler` the handler's call leaves before this returns.
 */
export function runBinding(deps: BindingCallDeps, call: BindingCall, steps?: BindingSteps): Promise<BindingOutcome> {
  // Most bindings have no condition, and some types fire a thousand of them at once.
  return call.condition === undefined && steps === undefined
    ? callHandler(deps, call)
    : decideAndCall(deps, call, steps)
}

async function decideAndCall(deps: BindingCallDeps, call: BindingCall, steps?: BindingSteps): Promise<BindingOutcome> {
  const { iii, problems } = deps
  const { binding, condition } = call
  let verdict: BindingOutcome | undefined
  if (condition !== undefined) {
    try {
      // The condition gets the payload alone: no metadata.
      const result = await iii.trigger(requestFor(condition, call, call.conditionTimeoutMs))
      if (result === undefined || result === null) problems.conditionWithoutValue(binding, condition)
      if (result === false) verdict = SKIPPED
    } catch (error) {
      problems.conditionFailed(binding, condition, error)
      verdict = { outcome: 'failed', part: 'condition', error }
    }
  }
  if (steps?.beforeHandler !== undefined) {
    const proceeds = await steps.beforeHandler(verdict === undefined)
    if (proceeds === false) verdict ??= SKIPPED
  }
  const handled = verdict ?? callHandler(deps, call)
  steps?.handedOut?.()
  return handled
}

async function callHandler({ iii, problems }: BindingCallDeps, call: BindingCall): Promise<BindingOutcome> {
  const { binding, handlerTimeoutMs } = call
  const request = requestFor(binding.function_id, call, handlerTimeoutMs)
  if (binding.metadata !== undefined) request.metadata = binding.metadata
  try {
    return { outcome: 'ran', result: await iii.trigger(request) }
  } catch (error) {
    problems.handlerFailed(binding, error)
    return { outcome: 'failed', part: 'handler', error }
  }
}

function requestFor(functionId: string, { binding, payload, origin }: BindingCall, timeoutMs: number): TriggerRequest {
  const { id, namespace } = binding
  const request: TriggerRequest = { function_id: functionId, payload, binding: id, timeoutMs }
  if (namespace !== undefined) request.namespace = namespace
  if (origin?.traceparent !== undefined) request.traceparent = origin.traceparent
  if (origin?.baggage !== undefined) request.baggage = origin.baggage
  return request
}
