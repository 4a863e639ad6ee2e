// `TriggerAction.Enqueue`: the call becomes one of `engine::queue::enqueue`, which any worker may provide (spec 01 §9.4).
import type { CodedError, ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import { baggageFor } from '../telemetry/trace-context.ts'

/** The payload for the queue. The data goes along verbatim, except that a session cannot name a caller in it (spec 09 §4 c). */
export function enqueueRequest(call: Call, action: Extract<Action, { type: 'enqueue' }>, receiptId: string): Buffer {
  const { type: _type, ...members } = action
  const head = JSON.stringify({
    ...members,
    function_id: call.functionId,
    messageReceiptId: receiptId,
    traceparent: call.traceparent ?? null,
    baggage: baggageFor(call),
    ...(call.namespace === DEFAULT_NAMESPACE ? {} : { namespace: call.namespace }),
  })
  const data = call.caller.policy.kind === 'session' ? withoutCaller(call.data) : call.data
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"data":`), data, Buffer.from('}')])
}

export function enqueueReceipt(receiptId: string): Buffer {
  return Buffer.from(`{"messageReceiptId":"${receiptId}"}`)
}

export function enqueueFailure(error: CodedError): ErrorBody {
  const missing = error.code === 'function_not_found'
  return {
    code: 'enqueue_error',
    message: missing
      ? 'No queue worker is running: add iii-queue to the configuration, or connect a worker that provides engine::queue::enqueue'
      : `${error.code}: ${error.message}`,
  }
}

function withoutCaller(data: Buffer): Buffer {
  const value: unknown = JSON.parse(data.toString())
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '_caller_worker_id')) return data
  const { _caller_worker_id: _dropped, ...rest } = value as Record<string, unknown>
  return Buffer.from(JSON.stringify(rest))
}
