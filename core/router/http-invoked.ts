// HTTP-invoked functions (spec 01 §10): the holder of the seat `http-invoker` checks the target at registration and makes the calls.
import { objectSplice, Splice } from '../../protocol/scanner/object-splice.ts'
import { SEATS } from '../../protocol/seats.ts'
import type { Provider } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import { callerIdOf, type Call } from '../model/call.ts'
import type { Router } from './router.ts'

/** Resolves when the holder accepts the target; rejects with the reason, also when nobody holds the seat. */
export async function checkInvocation(
  router: Router,
  worker: Worker,
  functionId: string,
  invocation: unknown,
): Promise<void> {
  const data = JSON.stringify({ action: 'register', function_id: functionId, worker_id: worker.id, invocation })
  await router.invoke({ functionId: SEATS['http-invoker'], data: Buffer.from(data) })
}

/** The call of the seat that stands for a call of an HTTP-invoked function. */
export function invocationRequest(call: Call, provider: Provider): Buffer {
  const head = JSON.stringify({
    action: 'invoke',
    function_id: call.functionId,
    invocation: provider.registration.invocation,
    traceparent: call.traceparent ?? null,
    baggage: call.baggage ?? null,
  })
  const callerId = callerIdOf(call)
  const data = callerId === undefined ? call.data : withCaller(call.data, callerId)
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"data":`), data, Buffer.from('}')])
}

function withCaller(data: Buffer, callerId: string): Buffer {
  const members = objectSplice(data)
  if (members === Splice.NotAnObject) return data
  const tail = `${members === Splice.EmptyObject ? '' : ','}"_caller_worker_id":"${callerId}"}`
  return Buffer.concat([data.subarray(0, data.length - 1), Buffer.from(tail)])
}
