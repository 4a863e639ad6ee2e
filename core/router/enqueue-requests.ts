// The payloads with which the queue is called: the publisher's data as they are, and a head before them.
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Call } from '../model/call.ts'
import { baggageFor } from '../telemetry/trace-context.ts'
import { furtherMembers, type EnqueueAction } from './enqueue.ts'

const CLOSE_BRACE = 0x7d
/** Of UTF-8, per unit of a string. */
const MAX_BYTES_PER_UNIT = 3
/** Pairs of function and queue that are remembered; then all are forgotten. */
const MAX_USUAL = 256

/** All of a head but the receipt. */
interface UsualHead {
  readonly before: string
  readonly behind: string
}

export class EnqueueRequests {
  /** Of publishers without a trace, who send the same again and again: measured 3 µs less of 13 than writing each. By function and queue. */
  readonly #usual = new Map<string, UsualHead>()

  /** The data goes along verbatim, except that a session cannot name a caller in it (spec 09 §4 c). */
  write(call: Call, action: EnqueueAction, receiptId: string): Buffer {
    const head = this.#head(call, action, receiptId)
    const data = call.caller.policy.kind === 'session' ? withoutCaller(call.data) : call.data
    const request = Buffer.allocUnsafe(head.length * MAX_BYTES_PER_UNIT + data.length + 1)
    const headEnd = request.utf8Write(head, 0)
    const end = headEnd + data.copy(request, headEnd)
    request[end] = CLOSE_BRACE
    return request.subarray(0, end + 1)
  }

  #head(call: Call, action: EnqueueAction, receiptId: string): string {
    const { functionId, namespace, traceparent, baggage } = call
    const isUsual = traceparent === undefined && !baggage && namespace === DEFAULT_NAMESPACE
    if (!isUsual || furtherMembers(action).length > 0) return headOf(call, action, receiptId)
    const name = `${functionId.length}:${functionId}${action.queue}`
    let usual = this.#usual.get(name)
    if (usual === undefined) {
      usual = usualHead(call, action)
      if (this.#usual.size >= MAX_USUAL) this.#usual.clear()
      this.#usual.set(name, usual)
    }
    return usual.before + receiptId + usual.behind
  }
}

function usualHead(call: Call, { queue }: EnqueueAction): UsualHead {
  const text = JSON.stringify
  return {
    before: `{"queue":${text(queue)},"function_id":${text(call.functionId)},"messageReceiptId":"`,
    behind: `","traceparent":null,"baggage":${text(baggageFor(call))},"data":`,
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

function withoutCaller(data: Buffer): Buffer {
  const value: unknown = JSON.parse(data.toString())
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '_caller_worker_id')) return data
  const { _caller_worker_id: _dropped, ...rest } = value as Record<string, unknown>
  return Buffer.from(JSON.stringify(rest))
}
