// HTTP-invoked functions (spec 01 §10): the holder of the seat `http-invoker` checks the target at registration and makes the calls.
import type { HttpInvokerMetadata, HttpInvokerTarget } from '../../protocol/seats.ts'
import type { Call } from '../model/call.ts'
import type { Provider } from '../model/function-entry.ts'
import type { HttpInvoker } from '../model/http-invoker.ts'
import { isTrusted } from '../model/policy.ts'
import type { Worker } from '../model/worker.ts'
import { jsonRequest, type OnSettled, type Seat } from './seat.ts'

/** How long the holder may take to check a target. */
const CHECK_MS = 10_000

export class SeatHttpInvoker implements HttpInvoker {
  readonly #seat: Seat<null, unknown>
  readonly #timeoutMs: number | null

  /** @param maxInvocationMs `engine.max_invocation_ms` */
  constructor(seat: Seat<null, unknown>, maxInvocationMs: number) {
    this.#seat = seat
    this.#timeoutMs = maxInvocationMs > 0 ? maxInvocationMs : null
  }

  async check(worker: Worker, functionId: string, invocation: unknown): Promise<void> {
    const metadata: HttpInvokerMetadata = {
      action: 'register',
      ...targetOf(worker, functionId, invocation),
      worker_id: worker.id,
    }
    await this.#seat.ask(null, CHECK_MS, { metadata })
  }

  invoke(call: Call, { worker, registration }: Provider, onSettled: OnSettled): void {
    const { traceparent, baggage } = call
    const metadata: HttpInvokerMetadata = {
      action: 'invoke',
      ...targetOf(worker, call.functionId, registration.invocation),
      traceparent: traceparent ?? null,
      baggage: baggage ?? null,
      timeout_ms: this.#timeoutMs,
    }
    this.#seat.pass({ ...jsonRequest(call.data, metadata), traceparent, baggage, onBehalfOf: call }, onSettled)
  }
}

function targetOf(worker: Worker, functionId: string, invocation: unknown): HttpInvokerTarget {
  return { function_id: functionId, invocation, is_session: !isTrusted(worker.policy) }
}
