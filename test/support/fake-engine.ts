// A mesh in one process for tests of plugins: real handles over a transport that routes calls and bindings in memory.
// It keeps the order of each link and knows nothing of policies, replicas, namespaces or hand-overs.
import type { ErrorBody } from '../../protocol/errors.ts'
import type {
  RegisterFunction,
  RegisterTrigger,
  TriggerRegistrationResult,
  WorkerMessage,
} from '../../protocol/messages.ts'
import { Handle } from '../../sdk/handle.ts'
import type { Sidecar } from '../../protocol/ring/sidecar.ts'
import type { Receiver, Transport } from '../../sdk/transport.ts'

export interface CallRecord {
  readonly functionId: string
  readonly payload: unknown
  readonly sidecar: Sidecar | undefined
}

export class FakeEngine {
  /** Every call that was routed, oldest first. */
  readonly calls: CallRecord[] = []
  /** Every function registration as it was sent. */
  readonly registrations: RegisterFunction[] = []
  readonly #functions = new Map<string, { readonly link: FakeLink; readonly index: number }>()
  readonly #triggerTypes = new Map<string, FakeLink>()
  readonly #results = new Map<string, (result: TriggerRegistrationResult) => void>()

  connect(): Handle {
    return new Handle(new FakeLink(this), { onProblem: () => {} })
  }

  functionIds(): Iterable<string> {
    return this.#functions.keys()
  }

  triggerTypeIds(): Iterable<string> {
    return this.#triggerTypes.keys()
  }

  /** Binds with an id of the caller's choice; resolves with the provider's answer. */
  bind(binding: Omit<RegisterTrigger, 'type'>): Promise<ErrorBody | undefined> {
    return new Promise((resolve) => {
      this.#results.set(binding.id, ({ error }) => resolve(error))
      this.#provider(binding.trigger_type).deliver((receiver) =>
        receiver.onControl({ type: 'registertrigger', ...binding }),
      )
    })
  }

  unbind(id: string, triggerType: string): void {
    this.#provider(triggerType).deliver((receiver) =>
      receiver.onControl({ type: 'unregistertrigger', id, trigger_type: triggerType }),
    )
  }

  control(link: FakeLink, message: WorkerMessage, index: number | undefined): void {
    switch (message.type) {
      case 'registerfunction':
        this.registrations.push(message)
        this.#functions.set(message.id, { link, index: index! })
        break
      case 'unregisterfunction':
        this.#functions.delete(message.id)
        break
      case 'registertriggertype':
        this.#triggerTypes.set(message.id, link)
        break
      case 'registertrigger':
        void this.bind(message)
        break
      case 'unregistertrigger':
        this.unbind(message.id, message.trigger_type!)
        break
      case 'triggerregistrationresult':
        this.#results.get(message.id)?.(message)
        break
      default:
        throw new Error(`The fake engine does not know ${message.type}.`)
    }
  }

  route(
    caller: FakeLink,
    callId: number | undefined,
    functionId: string,
    payload: string | undefined,
    sidecar: Sidecar | undefined,
  ): void {
    this.calls.push({ functionId, payload: payload === undefined ? undefined : JSON.parse(payload), sidecar })
    const target = this.#functions.get(functionId)
    if (target === undefined) {
      const error = JSON.stringify({ code: 'function_not_found', message: `Function ${functionId} not found` })
      if (callId !== undefined) caller.deliver((receiver) => receiver.onError(callId, error))
      return
    }
    const ownId = target.link.expectAnswer(caller, callId)
    const { metadata, traceparent, baggage } = sidecar ?? {}
    const forCallee = { metadata, traceparent, baggage }
    const text = Object.values(forCallee).some((member) => member !== undefined) ? JSON.stringify(forCallee) : undefined
    target.link.deliver((receiver) => receiver.onCall(ownId, target.index, undefined, payload, text))
  }

  #provider(triggerType: string): FakeLink {
    const link = this.#triggerTypes.get(triggerType)
    if (link === undefined) throw new Error(`No provider of the trigger type ${triggerType}.`)
    return link
  }
}

class FakeLink implements Transport {
  readonly address = ''
  readonly open = true
  readonly congested = false
  readonly #engine: FakeEngine
  #receiver: Receiver | undefined
  #calls = 0
  readonly #callers = new Map<number, { readonly caller: FakeLink; readonly callId: number | undefined }>()

  constructor(engine: FakeEngine) {
    this.#engine = engine
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
  }

  /** In a later microtask, in order, as if it had crossed a thread. */
  deliver(hand: (receiver: Receiver) => void): void {
    queueMicrotask(() => hand(this.#receiver!))
  }

  expectAnswer(caller: FakeLink, callId: number | undefined): number {
    const id = ++this.#calls
    this.#callers.set(id, { caller, callId })
    return id
  }

  call(
    callId: number | undefined,
    functionId: string,
    payload: string | undefined,
    sidecar: Sidecar | undefined,
  ): void {
    this.#engine.route(this, callId, functionId, payload, sidecar)
  }

  result(callId: number, json: string | undefined): void {
    this.#answer(callId, (receiver, id) => receiver.onResult(id, json))
  }

  error(callId: number, json: string): void {
    this.#answer(callId, (receiver, id) => receiver.onError(id, json))
  }

  control(message: WorkerMessage, functionIndex?: number): void {
    this.#engine.control(this, message, functionIndex)
  }

  close(): void {}
  openChannel(): void {}
  channelText(): void {}
  channelBinary(): void {}
  channelClose(): void {}
  channelCredit(): void {}

  #answer(callId: number, hand: (receiver: Receiver, callId: number) => void): void {
    const waiting = this.#callers.get(callId)
    this.#callers.delete(callId)
    if (waiting?.callId === undefined) return
    const { caller, callId: callersId } = waiting
    caller.deliver((receiver) => hand(receiver, callersId))
  }
}
