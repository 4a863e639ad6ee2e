// Calls of many functions with one payload, for providers of trigger types: one frame to the engine instead of one per function, and
// one back for all that have succeeded meanwhile. An engine that a thousand functions are called through spends a fraction on each.
import { Numbered } from '../base/values/numbered.ts'
import {
  FAN_OUT_CALLS,
  FAN_OUT_NUMBERS,
  fanOutId,
  fanOutNumberOf,
  fanOutPlaceOf,
  type FanOutRow,
} from '../protocol/ring/fan-out.ts'
import { currentCallContext } from './async-call-contexts.ts'
import { toJson } from './answers.ts'
import { CallTimeout, InvocationError, invocationErrorFrom } from './errors.ts'
import type { TriggerBinding } from './handle-types.ts'
import { MAX_INT32 } from './pending-calls.ts'
import type { OfferTransport } from './transport.ts'

/** An event for the functions of many bindings. */
export interface FanOut {
  readonly bindings: readonly TriggerBinding[]
  /** What all of the functions get. */
  readonly payload: unknown
  readonly traceparent?: string | undefined
  readonly baggage?: string | undefined
  /** Each call that has not ended by then fails. */
  readonly timeoutMs: number
  /** Called once for each binding, with its place among them; `error` when its function has failed. Results are not told. */
  readonly onSettled: (place: number, error: unknown) => void
}

/** One frame of it. */
interface OpenFanOut {
  readonly call: FanOut
  /** Place of its first binding among all. */
  readonly first: number
  readonly isSettled: Uint8Array
  open: number
  readonly timer: ReturnType<typeof setTimeout>
}

export class FanOuts {
  readonly #transport: OfferTransport
  readonly #onEmpty: () => void
  readonly #open = new Numbered<OpenFanOut>()
  #last = 0
  #calls = 0

  constructor(transport: OfferTransport, onEmpty: () => void) {
    this.#transport = transport
    this.#onEmpty = onEmpty
    transport.fanOuts = {
      onSucceeded: (ids) => {
        for (const id of ids) this.#settle(id, undefined)
      },
      onFailed: (id, json, isUndelivered) => this.#failed(id, json, isUndelivered),
      onClosed: () => this.#closed(),
    }
  }

  /** Calls that have not ended. */
  get calls(): number {
    return this.#calls
  }

  call(call: FanOut): void {
    const { bindings, traceparent, baggage } = call
    let payload: string | undefined
    try {
      payload = toJson(call.payload)
      if (!this.#transport.open)
        throw new InvocationError('invocation_stopped', 'The connection to the engine is closed')
    } catch (error) {
      for (let place = 0; place < bindings.length; place++) call.onSettled(place, error)
      return
    }
    const context = currentCallContext()
    const origin = { traceparent: traceparent ?? context?.traceparent, baggage: baggage ?? context?.baggage }
    const sidecar = origin.traceparent === undefined && origin.baggage === undefined ? undefined : origin
    for (let first = 0; first < bindings.length; first += FAN_OUT_CALLS) {
      const part = bindings.slice(first, first + FAN_OUT_CALLS)
      const number = this.#begin(call, first, part.length)
      try {
        this.#transport.fanOut(fanOutId(number, 0), `[${part.map(rowOf).join(',')}]`, payload, sidecar)
      } catch (error) {
        this.#endAll(number, () => error)
      }
    }
  }

  #begin(call: FanOut, first: number, calls: number): number {
    do this.#last = (this.#last + 1) % FAN_OUT_NUMBERS
    while (this.#open.has(this.#last))
    const number = this.#last
    const timer = setTimeout(() => this.#timeOut(number), Math.min(call.timeoutMs, MAX_INT32))
    this.#open.set(number, { call, first, isSettled: new Uint8Array(calls), open: calls, timer })
    this.#calls += calls
    return number
  }

  #failed(id: number, json: string | undefined, isUndelivered: boolean): void {
    const functionId = this.#functionIdOf(id)
    if (functionId === undefined) return
    this.#settle(id, invocationErrorFrom(JSON.parse(json ?? 'null'), functionId, isUndelivered))
  }

  #functionIdOf(id: number): string | undefined {
    const fanOut = this.#open.get(fanOutNumberOf(id))
    return fanOut?.call.bindings[fanOut.first + fanOutPlaceOf(id)]?.function_id
  }

  #settle(id: number, error: unknown): void {
    const number = fanOutNumberOf(id)
    const fanOut = this.#open.get(number)
    if (fanOut !== undefined) this.#end(number, fanOut, fanOutPlaceOf(id), error)
  }

  #end(number: number, fanOut: OpenFanOut, place: number, error: unknown): void {
    if (fanOut.isSettled[place] !== 0) return
    fanOut.isSettled[place] = 1
    this.#calls--
    if (--fanOut.open === 0) {
      this.#open.delete(number)
      clearTimeout(fanOut.timer)
    }
    fanOut.call.onSettled(fanOut.first + place, error)
    if (this.#calls === 0) this.#onEmpty()
  }

  #timeOut(number: number): void {
    this.#endAll(number, (functionId, { timeoutMs }) => {
      return new CallTimeout(`invocation timed out after ${timeoutMs}ms`, functionId)
    })
  }

  #closed(): void {
    for (const [number] of this.#open) {
      this.#endAll(number, (functionId) => {
        return new InvocationError('invocation_stopped', 'The connection to the engine was closed', functionId)
      })
    }
  }

  #endAll(number: number, errorOf: (functionId: string, call: FanOut) => unknown): void {
    const fanOut = this.#open.get(number)
    if (fanOut === undefined) return
    const { call, first, isSettled } = fanOut
    for (let place = 0; place < isSettled.length; place++) {
      if (isSettled[place] === 0)
        this.#end(number, fanOut, place, errorOf(call.bindings[first + place]?.function_id ?? '', call))
    }
  }
}

/** Bindings live as long as their providers want, and get an event after the other. */
const rows = new WeakMap<TriggerBinding, string>()

function rowOf(binding: TriggerBinding): string {
  let text = rows.get(binding)
  if (text === undefined) {
    const { id, function_id, namespace, metadata } = binding
    const row: FanOutRow = [
      function_id,
      id,
      namespace ?? null,
      metadata === undefined ? null : JSON.stringify(metadata),
    ]
    text = JSON.stringify(row)
    rows.set(binding, text)
  }
  return text
}
