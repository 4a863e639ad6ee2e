// Calls that the engine itself makes: hooks, middleware, seats, events. No policy and no middleware applies to them.
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'

export interface EngineRequest {
  readonly functionId: string
  /** Raw JSON. */
  readonly data: Buffer
  readonly namespace?: string
  readonly metadata?: Buffer
  readonly traceparent?: string | undefined
  readonly baggage?: string | undefined
  /** The call that it stands for: its caller waits, and is named to the callee. Default: none, the engine itself calls. */
  readonly onBehalfOf?: Call
  /** Whose call it is, though the engine is named as its caller. Default: nobody's but the engine's. */
  readonly madeFor?: Worker
  /** That one does not wait for it. Default: it does. */
  readonly isForVoid?: boolean
}

export function engineCall(
  request: EngineRequest,
  engineWorker: Worker,
  onSettled: NonNullable<Call['onSettled']>,
): Call {
  return {
    functionId: request.functionId,
    namespace: request.namespace ?? DEFAULT_NAMESPACE,
    caller: request.onBehalfOf?.caller ?? engineWorker,
    madeFor: request.madeFor,
    isForVoid: request.isForVoid,
    invocationId: request.onBehalfOf?.invocationId,
    data: request.data,
    metadata: request.metadata,
    traceparent: request.traceparent,
    baggage: request.baggage,
    binding: request.onBehalfOf?.binding,
    onSettled,
    bytes: 0,
    callee: undefined,
    callId: 0,
    deliveredAt: 0,
  }
}
