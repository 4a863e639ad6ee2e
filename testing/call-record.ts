// What was called in an engine under test, for a test to look at afterwards.
import type { Action } from '../core/model/action.ts'
import type { Call } from '../core/model/call.ts'

/** A call as its maker sent it, before rights, middleware and routing. */
export interface CallRecord {
  /** Name of the plugin or worker that made it; the worker's id where it has no name. */
  readonly from: string
  readonly function_id: string
  readonly namespace: string
  /** null when there was none. */
  readonly payload: unknown
  readonly metadata: unknown
  /** The binding on whose behalf the provider of a trigger type made the call. */
  readonly binding: string | undefined
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
  /** `{ type: 'void' }` or `{ type: 'enqueue', queue }`; undefined for a call that is waited for. */
  readonly action: Action | undefined
}

/** A test that makes more calls than that looks at their effect, not at each. */
const MAX_RECORDS = 10_000

export class CallRecords {
  #records: CallRecord[] = []

  /** The latest 10,000, oldest first. */
  get all(): readonly CallRecord[] {
    return this.#records.slice(-MAX_RECORDS)
  }

  add({ caller, functionId, namespace, invocationId, ...call }: Call, action: Action | undefined): void {
    const { data, metadata, binding, traceparent, baggage } = call
    if (this.#records.length === 2 * MAX_RECORDS) this.#records = this.#records.slice(MAX_RECORDS)
    this.#records.push({
      from: caller.name ?? caller.id,
      function_id: functionId,
      namespace,
      payload: parsed(data),
      metadata: metadata === undefined ? undefined : parsed(metadata),
      binding,
      traceparent,
      baggage,
      action: action ?? (invocationId === undefined ? { type: 'void' } : undefined),
    })
  }
}

function parsed(json: Buffer): unknown {
  return JSON.parse(json.toString())
}
