// One delivery to a subscriber (spec 03 §4.4): its condition is asked first, each time, where the function is looked for.
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import type { Delivery, Outcome } from '../adapters/backend.ts'
import type { Subscriber } from './trigger.ts'

/** A condition that has not decided after this time has failed. */
export const CONDITION_MS = 30_000

/**
 * Undefined: the function is to be called. `done`: the condition returned exactly `false`. `failed`: it ended with an error.
 * @param trace of the delivery
 */
export async function askCondition(
  iii: Caller,
  { job }: Delivery,
  { condition, binding }: Subscriber,
  trace: Pick<TriggerRequest, 'traceparent' | 'baggage'>,
): Promise<Outcome | undefined> {
  if (condition === undefined) return undefined
  const { id, namespace } = binding
  try {
    const verdict = await iii.trigger({
      ...trace,
      function_id: condition,
      payload: new RawJson(job.data),
      binding: id,
      timeoutMs: CONDITION_MS,
      ...(namespace !== undefined && { namespace }),
    })
    return verdict === false ? { kind: 'done' } : undefined
  } catch (error) {
    const { code = 'condition_failed', message = String(error) } = error as { code?: string; message?: string }
    return { kind: 'failed', code, message: `condition ${condition}: ${message}` }
  }
}
