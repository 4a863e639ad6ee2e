// The payloads with which the queue is called: the publisher's data as they are, and a head before them.
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Call } from '../model/call.ts'
import { baggageFor } from '../telemetry/trace-context.ts'
import { furtherMembers, type EnqueueAction } from './enqueue.ts'

const CLOSE_BRACE = 0x7d
/** Pairs of function and queue that are remembered; then all are forgotten. */
const MAX_USUAL = 256
/** Requests up to this size are written into the same memory: below what a socket's outbox takes by reference. */
const SCRATCH_BYTES = 8 * 1024

/** All of a head but the receipt. */
interface UsualHead {
  readonly before: Buffer
  readonly behind: Buffer
}

export class EnqueueRequests {
  /** Of publishers without a trace, who send the same again and again. By function and queue. */
  readonly #usual = new Map<string, UsualHead>()
  /** The one used last, with what it was used for. */
  #last: UsualHead | undefined
  #lastFunction = ''
  #lastQueue = ''
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

  /**
   * The data goes along verbatim. Valid until the next one is written.
   * @param receiptId in ASCII
   */
  write(call: Call, action: EnqueueAction, receiptId: string): Buffer {
    const { data } = call
    const usual = this.#usualHead(call, action)
    if (usual === undefined) {
      return Buffer.concat([Buffer.from(headOf(call, action, receiptId)), data, Buffer.of(CLOSE_BRACE)])
    }
    const { before, behind } = usual
    const dataStart = before.length + receiptId.length + behind.length
    const end = dataStart + data.length
    const request = end < SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafe(end + 1)
    request.set(before)
    request.latin1Write(receiptId, before.length)
    request.set(behind, before.length + receiptId.length)
    request.set(data, dataStart)
    request[end] = CLOSE_BRACE
    return request.subarray(0, end + 1)
  }

  #usualHead(call: Call, action: EnqueueAction): UsualHead | undefined {
    const { functionId, namespace, traceparent, baggage } = call
    const isUsual = traceparent === undefined && !baggage && namespace === DEFAULT_NAMESPACE
    if (!isUsual || furtherMembers(action).length > 0) return undefined
    const { queue } = action
    if (this.#last !== undefined && functionId === this.#lastFunction && queue === this.#lastQueue) return this.#last
    const name = `${functionId.length}:${functionId}${queue}`
    let usual = this.#usual.get(name)
    if (usual === undefined) {
      usual = usualHead(call, action)
      if (this.#usual.size >= MAX_USUAL) this.#usual.clear()
      this.#usual.set(name, usual)
    }
    this.#last = usual
    this.#lastFunction = functionId
    this.#lastQueue = queue
    return usual
  }
}

function usualHead(call: Call, { queue }: EnqueueAction): UsualHead {
  const text = JSON.stringify
  return {
    before: Buffer.from(`{"queue":${text(queue)},"function_id":${text(call.functionId)},"messageReceiptId":"`),
    behind: Buffer.from(`","traceparent":null,"baggage":${text(baggageFor(call))},"data":`),
  }
}

function headOf(call: Call, { type: _type, ...members }: EnqueueAction, receiptId: string): string {
  const head = JSON.stringify({
    ...members,
    function_id: call.functionId,
    messageReceiptId: receiptId,
    traceparent: call.traceparent ?? null,
    baggage: baggageFor(call),
    ...(call.namespace === DEFAULT_NAMESPACE ? {} : { namespace: call.namespace }),
  })
  return `${head.slice(0, -1)},"data":`
}
