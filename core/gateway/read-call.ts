// The call that an `invokefunction` frame makes: what the scanner found, as the router takes it (spec 01 §9.1).
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Envelope } from '../../protocol/scanner/envelope.ts'
import { actionAt, type Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'

const NULL = Buffer.from('null')

/** Null: the frame has none. Undefined: what it has is no action. */
export function readAction(frame: Buffer, { actionStart, actionEnd }: Envelope): Action | null | undefined {
  return actionStart === -1 ? null : actionAt(frame, actionStart, actionEnd)
}

/** Of another function, before it was made. */
export function callAgain(call: Call, functionId: string): Call {
  // As a literal like the others: calls that are built in another way are another shape of object, which every step of theirs would pay for.
  return {
    functionId,
    namespace: call.namespace,
    caller: call.caller,
    invocationId: call.invocationId,
    data: call.data,
    metadata: call.metadata,
    traceparent: call.traceparent,
    baggage: call.baggage,
    binding: undefined,
    onSettled: undefined,
    bytes: 0,
    callee: undefined,
    callId: 0,
    deliveredAt: 0,
  }
}

/** Its payloads are views of the frame. */
export function readCall(frame: Buffer, envelope: Envelope, caller: Worker, action: Action | null): Call {
  const { dataStart, metadataStart } = envelope
  return {
    functionId: envelope.functionId,
    namespace: envelope.namespace ?? DEFAULT_NAMESPACE,
    caller,
    invocationId: action?.type === 'void' ? undefined : envelope.invocationId,
    data: dataStart === -1 ? NULL : frame.subarray(dataStart, envelope.dataEnd),
    metadata: metadataStart === -1 ? undefined : frame.subarray(metadataStart, envelope.metadataEnd),
    traceparent: envelope.traceparent,
    baggage: envelope.baggage,
    binding: undefined,
    onSettled: undefined,
    bytes: 0,
    callee: undefined,
    callId: 0,
    deliveredAt: 0,
  }
}
