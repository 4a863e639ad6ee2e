// HTTP-invoked functions (spec 01 §10): the holder of the seat `http-invoker` checks the target at registration and makes the calls.
import { objectSplice, Splice } from '../../protocol/scanner/object-splice.ts'
import type { HttpInvokerQuestion } from '../../protocol/seats.ts'
import { callerIdOf, type Call } from '../model/call.ts'
import type { Provider } from '../model/function-entry.ts'
import type { HttpInvoker } from '../model/http-invoker.ts'
import type { Worker } from '../model/worker.ts'
import type { OnSettled, Seat } from './seat.ts'

/** How long the holder may take to check a target. */
const CHECK_MS = 10_000

export class SeatHttpInvoker implements HttpInvoker {
  readonly #seat: Seat<HttpInvokerQuestion, unknown>

  constructor(seat: Seat<HttpInvokerQuestion, unknown>) {
    this.#seat = seat
  }

  async check(worker: Worker, functionId: string, invocation: unknown): Promise<void> {
    const question = { action: 'register', function_id: functionId, worker_id: worker.id, invocation } as const
    await this.#seat.ask(question, CHECK_MS)
  }

  invoke(call: Call, provider: Provider, onSettled: OnSettled): void {
    const { traceparent, baggage } = call
    this.#seat.pass({ data: invocationRequest(call, provider), traceparent, baggage }, onSettled)
  }
}

/** The question `invoke`, with the caller's payload as it is. */
function invocationRequest(call: Call, provider: Provider): Buffer {
  const head: Omit<Extract<HttpInvokerQuestion, { action: 'invoke' }>, 'data'> = {
    action: 'invoke',
    function_id: call.functionId,
    invocation: provider.registration.invocation,
    traceparent: call.traceparent ?? null,
    baggage: call.baggage ?? null,
  }
  const callerId = callerIdOf(call)
  const data = callerId === undefined ? call.data : withCaller(call.data, callerId)
  return Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"data":`), data, Buffer.from('}')])
}

function withCaller(data: Buffer, callerId: string): Buffer {
  const members = objectSplice(data)
  if (members === Splice.NotAnObject) return data
  const tail = `${members === Splice.EmptyObject ? '' : ','}"_caller_worker_id":"${callerId}"}`
  return Buffer.concat([data.subarray(0, data.length - 1), Buffer.from(tail)])
}
