// The link to the engine's own functions: handlers that run in the router thread with parsed values.
// They never run inside dispatch: a handler that calls, registers or throws must not meet the router half-way through a frame.
import { toErrorBody } from '../../protocol/errors.ts'
import { parseUnrounded } from '../../base/values/exact-json.ts'
import type { EngineMessage } from '../../protocol/messages.ts'
import type { LocalContext, LocalHandler, Provider } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import type { Call } from '../model/call.ts'
import { objectSplice } from '../../protocol/scanner/object-splice.ts'
import type { Link } from '../model/link.ts'
import { flushAfter } from './flush-turn.ts'

export interface LocalEvents {
  onResult(worker: Worker, callId: number | string, result: Buffer | undefined, error: Buffer | undefined): void
  /** Control messages to the engine as provider of trigger types. */
  onMessage(message: EngineMessage): void
}

interface Delivery {
  readonly callId: number | string
  readonly worker: Worker
  readonly handler: LocalHandler
  readonly input: unknown
  readonly context: LocalContext
}

export class LocalLink implements Link {
  readonly kind = 'local'
  readonly open = true
  readonly queuedBytes = 0
  readonly congested = false
  readonly maxFrameBytes = Infinity
  readonly #events: LocalEvents
  #deliveries: Delivery[] = []
  #messages: EngineMessage[] = []
  #scheduled = false
  #lastCallId = 0
  /** The answers leave at once, without a tick of their own. */
  readonly #runAndFlush = (): void => flushAfter(() => this.#run())

  constructor(events: LocalEvents) {
    this.#events = events
  }

  /** Values have no frames. */
  limitFrames(): void {}
  tooLarge(): undefined {}

  nextCallId(_call: Call): number {
    // Beyond 2^53 in some hundred thousand years.
    return ++this.#lastCallId
  }

  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void {
    const { worker } = provider
    const { handler, rawId, exact } = provider.registration
    if (handler === undefined) throw new Error(`${rawId} is no function of the engine`)
    let input: unknown
    let metadata: unknown
    try {
      // Now, because the bytes are valid only now; the handler runs later.
      const text = call.data.toString()
      input = exact === true ? parseUnrounded(text) : JSON.parse(text)
      metadata = call.metadata === undefined ? undefined : JSON.parse(call.metadata.toString())
    } catch (error) {
      const body = { code: 'invalid_message', message: `The payload is no JSON: ${(error as Error).message}` }
      return this.#later({
        callId,
        worker,
        handler: () => Promise.reject(body),
        input: null,
        context: contextOf(call, undefined),
      })
    }
    if (callerWorkerId !== undefined && objectSplice(call.data) !== 0) {
      Object.assign(input as object, { _caller_worker_id: callerWorkerId })
    }
    this.#later({ callId, worker, handler, input, context: contextOf(call, metadata) })
  }

  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    call.onSettled?.(result, error)
  }

  send(message: EngineMessage): boolean {
    this.#messages.push(message)
    this.#schedule()
    return true
  }

  /** The engine's functions are never behind, and it never floods: there is nothing to hold. */
  pause(): void {}
  resume(): void {}
  throttle(_sender: Link): void {}
  close(_code: number, _reason: string): void {}
  terminate(): void {}

  #later(delivery: Delivery): void {
    this.#deliveries.push(delivery)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#runAndFlush)
  }

  #run(): void {
    this.#scheduled = false
    const messages = this.#messages
    const deliveries = this.#deliveries
    this.#messages = []
    this.#deliveries = []
    for (const message of messages) this.#events.onMessage(message)
    for (const delivery of deliveries) this.#handle(delivery)
  }

  #handle(delivery: Delivery): void {
    let outcome: unknown
    try {
      outcome = delivery.handler(delivery.input, delivery.context)
    } catch (error) {
      return this.#fail(delivery, error)
    }
    if (!(outcome instanceof Promise)) return this.#succeed(delivery, outcome)
    outcome.then(
      (value) => this.#succeed(delivery, value),
      (error: unknown) => this.#fail(delivery, error),
    )
  }

  #succeed(delivery: Delivery, value: unknown): void {
    let json: string | undefined
    try {
      json = JSON.stringify(value)
    } catch (error) {
      return this.#fail(delivery, {
        code: 'serialization_error',
        message: `The result cannot be turned into JSON: ${(error as Error).message}`,
      })
    }
    this.#events.onResult(
      delivery.worker,
      delivery.callId,
      json === undefined ? undefined : Buffer.from(json),
      undefined,
    )
  }

  #fail({ worker, callId }: Delivery, error: unknown): void {
    const { stacktrace: _ours, ...body } = toErrorBody(error)
    this.#events.onResult(worker, callId, undefined, Buffer.from(JSON.stringify(body)))
  }
}

function contextOf({ caller, functionId, traceparent, baggage }: Call, metadata: unknown): LocalContext {
  return { caller, functionId, metadata, traceparent, baggage }
}
