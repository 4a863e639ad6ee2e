// `TriggerAction.Enqueue`: the call becomes one of `engine::queue::enqueue`, which any worker may provide (spec 01 §9.4).
import { messageUnder, type CodedError, type ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import { howToProvide, type KnownWorkers } from '../model/known-workers.ts'
import { baggageFor } from '../telemetry/trace-context.ts'

type EnqueueAction = Extract<Action, { type: 'enqueue' }>

export const ENQUEUE_FUNCTION = 'engine::queue::enqueue'

/** The payload for the queue. The data goes along verbatim, except that a session cannot name a caller in it (spec 09 §4 c). */
export function enqueueRequest(call: Call, action: EnqueueAction, receiptId: string): Buffer {
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

export function enqueueFailure(error: CodedError, known: KnownWorkers): ErrorBody {
  const code = 'enqueue_error'
  return { code, message: error.code === 'function_not_found' ? nobody(known) : messageUnder(code, error) }
}

/** Members of the action that only a plugin gets: the input of a worker's function is closed (spec 03 §3.2). */
export function furtherMembers({ type: _type, queue: _queue, ...further }: EnqueueAction): string[] {
  return Object.keys(further)
}

export function unknownMembers(members: readonly string[]): ErrorBody {
  const names = members.map((member) => `'${member}'`).join(', ')
  return {
    code: 'enqueue_error',
    message: `The queue worker that is connected does not know ${names} of the action. Leave it out, or use the built-in queue.`,
  }
}

export function enqueueTimedOut(ms: number): ErrorBody {
  return {
    code: 'enqueue_error',
    message: `The queue timed out: it did not accept the job within ${ms / 1000} s. It may be stored all the same.`,
  }
}

function nobody(known: KnownWorkers): string {
  const worker = known.ofFunction(ENQUEUE_FUNCTION)
  // By these words programs written for iii tell it.
  const remedy = howToProvide('it', worker, known)
  return `No queue provider is installed (QueueModule not loaded): nobody provides ${ENQUEUE_FUNCTION}; ${remedy}`
}

function withoutCaller(data: Buffer): Buffer {
  const value: unknown = JSON.parse(data.toString())
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '_caller_worker_id')) return data
  const { _caller_worker_id: _dropped, ...rest } = value as Record<string, unknown>
  return Buffer.from(JSON.stringify(rest))
}
