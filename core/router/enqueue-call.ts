// A call of the queue that the engine makes for a publisher. One object, with all that is needed until the job is stored: with many
// publishers under way, what each of them leaves in memory meanwhile is what the collector has to copy.
import { readError } from '../../protocol/error-bytes.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Call } from '../model/call.ts'
import type { KnownWorkers } from '../model/known-workers.ts'
import type { Worker } from '../model/worker.ts'
import { ENQUEUE_FUNCTION, enqueueFailure, enqueueReceipt } from './enqueue.ts'
import type { EnqueueWaits } from './enqueue-waits.ts'
import type { Settlement } from './settlement.ts'

/** What all of them share. */
export interface EnqueueCallDeps {
  readonly engineWorker: Worker
  readonly known: () => KnownWorkers
  readonly settlement: Settlement
  readonly waits: EnqueueWaits<EnqueueCall>
}

export class EnqueueCall implements Call {
  readonly functionId = ENQUEUE_FUNCTION
  readonly namespace = DEFAULT_NAMESPACE
  readonly caller: Worker
  readonly invocationId = undefined
  data: Buffer
  metadata = undefined
  traceparent: string | undefined
  baggage: string | undefined = undefined
  readonly binding = undefined
  bytes = 0
  callee: Worker | undefined = undefined
  callId: string | number = 0
  deliveredAt = 0
  /** The publisher's. */
  readonly call: Call
  readonly receiptId: string
  // Of `EnqueueWaits`.
  until = 0
  previous: EnqueueCall | undefined = undefined
  next: EnqueueCall | undefined = undefined
  readonly #deps: EnqueueCallDeps

  constructor(call: Call, data: Buffer, receiptId: string, deps: EnqueueCallDeps) {
    this.caller = deps.engineWorker
    this.data = data
    this.traceparent = call.traceparent
    this.call = call
    this.receiptId = receiptId
    this.#deps = deps
  }

  get madeFor(): Worker {
    return this.call.caller
  }

  onSettled(result: Buffer | undefined, error: Buffer | undefined): void {
    const { settlement, waits, known } = this.#deps
    if (!waits.end(this)) return
    const answer = this.callee?.slot === undefined ? undefined : result
    if (error === undefined) settlement.answer(this.call, enqueueReceipt(this.receiptId, answer), undefined)
    else settlement.fail(this.call, enqueueFailure(readError(error), known()))
  }
}
