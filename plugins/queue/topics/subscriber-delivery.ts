// One delivery to a subscriber (spec 03 §4.2, §4.4): its condition is asked first, each time, and then its function is called with the
// message, both where the binding says and on its behalf.
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import type { Delivery, Outcome, QueueRef } from '../adapters/backend.ts'
import { deliverJob, failureOf, requestFor, type DeliveryDeps, type DeliveryQueue } from '../delivery.ts'
import type { Subscriber } from './trigger.ts'

/** A condition that has not decided after this time has failed. */
export const CONDITION_MS = 30_000

/** Runs a delivery; never rejects. */
export async function deliverMessage(
  delivery: Delivery,
  subscriber: Subscriber,
  ref: QueueRef,
  deps: DeliveryDeps,
): Promise<Outcome> {
  const { binding, settings } = subscriber
  const { function_id: functionId, namespace, metadata } = binding
  // Which function is called is the business of the binding: `__binding` may stand in its place in the subscription.
  const job = { ...delivery.job, functionId, namespace }
  const queue: DeliveryQueue = { ref, settings: () => settings }
  const verdict = await askCondition(requestFor(job, queue), subscriber, deps)
  if (verdict !== undefined) return verdict
  const ofFunction: Delivery = {
    job,
    lackingSince: delivery.lackingSince,
    setAside: (lacksFunction, onEnded) => delivery.setAside(lacksFunction, onEnded),
    takeUp: () => delivery.takeUp(),
    get hasEnded() {
      return delivery.hasEnded
    },
  }
  return deliverJob(ofFunction, queue, {
    ...deps,
    call: ({ metadata: _ofQueue, ...request }) =>
      deps.call({ ...request, binding: binding.id, ...(metadata !== undefined && { metadata }) }),
  })
}

/** Undefined: the function is to be called. */
async function askCondition(
  { metadata: _ofQueue, ...request }: TriggerRequest,
  { condition, binding }: Subscriber,
  { call }: DeliveryDeps,
): Promise<Outcome | undefined> {
  if (condition === undefined) return undefined
  let answer: unknown
  const asked = call({ ...request, function_id: condition, binding: binding.id, raw: false, timeoutMs: CONDITION_MS })
  const error = await failureOf(asked.then((verdict) => void (answer = verdict)))
  if (error !== undefined)
    return { kind: 'failed', code: error.code, message: `condition ${condition}: ${error.message}` }
  return answer === false ? { kind: 'done' } : undefined
}
