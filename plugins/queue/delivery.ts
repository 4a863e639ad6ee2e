// One delivery of a job of a named queue: the target is called with the payload as it is, in the trace of the publisher; while nobody provides it,
// the job waits without using up an attempt (spec 03 §3.5, §3.9).
import type { Clock } from '../../base/time/clock.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import type { Delivery, Outcome, QueueRef } from './adapters/backend.ts'
import type { AwaitingJobs } from './awaiting-jobs.ts'
import type { Job } from './job.ts'
import type { KnownFunctions } from './known-functions.ts'
import type { QueueSettings } from './settings.ts'
import type { QueueSpans } from './watch/queue-spans.ts'

export interface DeliveryDeps {
  readonly call: (request: TriggerRequest) => Promise<unknown>
  readonly functions: KnownFunctions
  readonly awaiting: Pick<AwaitingJobs, 'add'>
  readonly spans: Pick<QueueSpans, 'delivery' | 'publish'>
  readonly clock: Clock
  readonly functionWaitMs: () => number
}

export interface DeliveryQueue {
  readonly ref: QueueRef
  readonly settings: () => QueueSettings
}

/** The longest that a timer takes, 24.8 days: a delivery without a limit of its own. */
const NO_TIMEOUT_MS = 2_147_483_647
/** What may be otherwise a moment later, where the call reached nobody. A handler may fail with the same codes: then it has run. */
const PASSING = new Set(['function_not_found', 'overloaded', 'plugin_unavailable', 'channel_send_failed'])
/** Tags of the publisher's own span, which a delivery does not carry on. */
const OWN_TAGS = /^\s*iii\.tag\.(?:kind|display_name|hidden)\s*=/

/** Runs a delivery; never rejects. */
export async function deliverJob(delivery: Delivery, queue: DeliveryQueue, deps: DeliveryDeps): Promise<Outcome> {
  const request = requestFor(delivery.job, queue)
  const span = deps.spans.delivery(queue.ref, delivery.job)
  if (span === undefined) return callTarget(request, delivery, queue, deps)
  request.traceparent = span.traceparent
  const outcome = await callTarget(request, delivery, queue, deps)
  if (outcome.kind !== 'returned') span.end(outcome.kind === 'failed' ? outcome : undefined)
  return outcome
}

async function callTarget(
  request: TriggerRequest,
  delivery: Delivery,
  queue: DeliveryQueue,
  deps: DeliveryDeps,
): Promise<Outcome> {
  const deadline = (delivery.lackingSince ?? deps.clock.now()) + deps.functionWaitMs()
  for (let tries = 0; ; tries++) {
    const error = await failureOf(deps.call(request))
    if (error === undefined) return { kind: 'done' }
    const { code, message, isUndelivered } = error
    const leftMs = deadline - deps.clock.now()
    if (!isUndelivered || !PASSING.has(code) || leftMs <= 0) return { kind: 'failed', code, message }
    const isThere = isKnown(request, deps)
    const waited = deps.awaiting.add(queue.ref, delivery, isThere ? 'busy' : 'missing')
    const pause = Math.min(leftMs, pauseMs(queue.settings(), isThere, leftMs, tries))
    const ended = Promise.withResolvers<void>()
    delivery.setAside(!isThere, ended.resolve)
    if (!delivery.hasEnded) await waitFor(request, isThere, pause, deps, ended.promise)
    const goesOn = await delivery.takeUp()
    waited()
    if (!goesOn) return { kind: 'returned' }
  }
}

export function requestFor(
  { id, functionId, namespace, data, traceparent, baggage, attempts }: Job,
  { ref, settings }: DeliveryQueue,
): TriggerRequest {
  const request: TriggerRequest = {
    function_id: functionId,
    payload: new RawJson(data),
    raw: true,
    timeoutMs: settings().timeoutMs ?? NO_TIMEOUT_MS,
    metadata: { messageReceiptId: id, queue: ref.name, attempt: attempts },
  }
  if (namespace !== undefined) request.namespace = namespace
  if (traceparent !== undefined) request.traceparent = traceparent
  const carried = baggage === undefined ? '' : withoutOwnTags(baggage)
  if (carried !== '') request.baggage = carried
  return request
}

export function withoutOwnTags(baggage: string): string {
  if (!baggage.includes('iii.tag.')) return baggage
  return baggage
    .split(',')
    .filter((entry) => !OWN_TAGS.test(entry))
    .join(',')
}

interface CallFailure {
  readonly code: string
  /** Without the code in front of it. */
  readonly message: string
  /** It is known that the call reached nobody. */
  readonly isUndelivered: boolean
}

/** Undefined when it was answered. */
export async function failureOf(call: Promise<unknown>): Promise<CallFailure | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (!(error instanceof InvocationError)) {
      return { code: 'invocation_failed', message: String(error), isUndelivered: false }
    }
    const code = error.code === 'TIMEOUT' ? 'timeout' : error.code
    return { code, message: error.message.slice(error.code.length + 2), isUndelivered: error.isUndelivered }
  }
}

function isKnown({ namespace = 'default', function_id: id }: TriggerRequest, { functions }: DeliveryDeps): boolean {
  return functions.has(namespace, id)
}

/** A function that is there and takes no calls is asked less and less often. */
function pauseMs({ pollIntervalMs }: QueueSettings, isThere: boolean, leftMs: number, tries: number): number {
  return isThere ? Math.max(25, pollIntervalMs) * 2 ** tries : leftMs
}

function waitFor(
  { namespace = 'default', function_id: id }: TriggerRequest,
  isThere: boolean,
  ms: number,
  { functions, clock }: DeliveryDeps,
  ended: Promise<void>,
): Promise<unknown> {
  return isThere ? settlesWithin(ended, ms, clock) : functions.appears(namespace, id, ms, ended)
}
