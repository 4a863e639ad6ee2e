// The functions that a handle has registered, and the running of their handlers.
import { CodedError } from '../protocol/errors.ts'
import type { Sidecar } from '../protocol/ring/sidecar.ts'
import type { Activity } from './activity.ts'
import { errorJson, promiseOf, serializationError, toJson } from './answers.ts'
import type { CallContexts } from './call-contexts.ts'
import { mayHoldChannelRef, replaceChannelRefs } from './channel-refs.ts'
import type { ChannelEnds } from './channel-ends.ts'
import type { Handler } from './handle-types.ts'
import type { Transport } from './transport.ts'

/** What a handler gets of the payload. */
export interface PayloadForm {
  /** The JSON text as it came. */
  readonly raw: boolean
  /** Channel refs become live ends before the handler sees them. */
  readonly liveChannelRefs: boolean
}

interface RegisteredFunction extends PayloadForm {
  readonly id: string
  readonly index: number
  /** Undefined for one that the engine calls over HTTP and that has no handler here. */
  readonly handler: Handler | undefined
}

export class FunctionTable {
  readonly #transport: Transport
  readonly #activity: Activity
  readonly #channels: ChannelEnds<unknown, unknown>
  readonly #contexts: CallContexts
  readonly #byId = new Map<string, RegisteredFunction>()
  /** Numbers are not used again: a call on its way still means the function that had it. */
  readonly #byIndex = new Map<number, RegisteredFunction>()
  #nextIndex = 0

  constructor(
    transport: Transport,
    activity: Activity,
    channels: ChannelEnds<unknown, unknown>,
    contexts: CallContexts,
  ) {
    this.#transport = transport
    this.#activity = activity
    this.#channels = channels
    this.#contexts = contexts
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  /** Returns the number by which calls may name the function. */
  add(id: string, handler: Handler | undefined, { raw, liveChannelRefs }: PayloadForm): number {
    const entry = { id, index: this.#nextIndex++, handler, raw, liveChannelRefs }
    this.#byId.set(id, entry)
    this.#byIndex.set(entry.index, entry)
    return entry.index
  }

  /** False when the number is no longer registered. */
  remove(index: number): boolean {
    const entry = this.#byIndex.get(index)
    if (entry === undefined) return false
    this.#byIndex.delete(index)
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id)
    return true
  }

  /** Runs the handler at once; the answer is written before this returns when the handler is synchronous. */
  run(
    callId: number,
    index: number,
    id: string | undefined,
    payload: string | undefined,
    sidecarJson: string | undefined,
  ): void {
    const entry = id === undefined ? this.#byIndex.get(index) : this.#byId.get(id)
    if (entry === undefined) return this.#refuse(callId, 'function_not_found', 'Function not found')
    const { handler } = entry
    if (handler === undefined) return this.#refuse(callId, 'function_not_invokable', `${entry.id} is invoked over HTTP`)
    let data: unknown
    let sidecar: Sidecar | undefined
    try {
      if (entry.raw) data = payload ?? 'null'
      else data = payload === undefined ? null : JSON.parse(payload)
      if (sidecarJson !== undefined) sidecar = JSON.parse(sidecarJson) as Sidecar
    } catch (error) {
      return this.#refuse(
        callId,
        'invalid_message',
        `The payload of ${entry.id} is no JSON: ${(error as Error).message}`,
      )
    }
    if (payload !== undefined && !entry.raw && entry.liveChannelRefs && mayHoldChannelRef(payload)) {
      data = replaceChannelRefs(data, (ref) => this.#channels.open(ref))
    }
    this.#activity.enter()
    let outcome: unknown
    try {
      outcome = sidecar === undefined ? handler(data) : this.#invoke(handler, data, sidecar)
    } catch (error) {
      return this.#fail(callId, error)
    }
    const promise = promiseOf(outcome)
    if (promise === undefined) return this.#succeed(callId, entry.id, outcome)
    promise.then(
      (value) => this.#succeed(callId, entry.id, value),
      (error: unknown) => this.#fail(callId, error),
    )
  }

  #succeed(callId: number, id: string, value: unknown): void {
    let json: string | undefined
    try {
      json = toJson(value)
    } catch (error) {
      this.#transport.error(callId, JSON.stringify(serializationError(id, error)))
      this.#activity.leave()
      return
    }
    this.#transport.result(callId, json)
    this.#activity.leave()
  }

  #fail(callId: number, error: unknown): void {
    this.#transport.error(callId, errorJson(error))
    this.#activity.leave()
  }

  #refuse(callId: number, code: string, message: string): void {
    this.#transport.error(callId, errorJson(new CodedError(code, message)))
  }

  #invoke(handler: Handler, data: unknown, { traceparent, baggage, metadata }: Sidecar): unknown {
    if (traceparent === undefined && baggage === undefined) return handler(data, metadata)
    return this.#contexts.run({ traceparent, baggage }, () => handler(data, metadata))
  }
}
