// The router's side of a plugin link in tests: records what comes, answers calls, and calls the plugin.
import type { FrameLink } from '../../../core/links/frame-link.ts'
import type { FrameTransport } from '../../../core/links/frame-transport.ts'
import type { ChannelEvent, LinkEvents, OfferEvent } from '../../../core/model/link-events.ts'
import { FunctionEntry, Provider } from '../../../core/model/function-entry.ts'
import { Worker } from '../../../core/model/worker.ts'
import type { Action } from '../../../core/model/action.ts'
import type { Call } from '../../../core/model/call.ts'
import { errorBytes } from '../../../protocol/error-bytes.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { Collector, within } from '../../support/deadline.ts'

export interface Outcome {
  readonly result: string | undefined
  readonly error: unknown
}

/** What a call was like when it came; its bytes are gone afterwards. */
export interface SeenCall {
  readonly call: Call
  readonly action: Action | undefined
  readonly data: string
  readonly metadata: string | undefined
}

export class PluginFixture implements LinkEvents {
  readonly transport: FrameTransport
  readonly link: FrameLink
  readonly worker: Worker
  readonly seen = new Collector<SeenCall>()
  readonly channels = new Collector<ChannelEvent>()
  readonly offers = new Collector<OfferEvent>()
  /** Ids of calls that the plugin has not run. */
  readonly givenBack: (number | string)[] = []
  readonly #providers = new Map<string, Provider>()
  readonly #waiting = new Map<number | string, (outcome: Outcome) => void>()
  readonly #registered = new Collector<string>()
  /** Answers calls that the plugin makes. */
  answer = (call: Call): void => this.link.answer(call, Buffer.from('null'), undefined, false)

  constructor(transport: FrameTransport, member: number) {
    this.transport = transport
    this.link = transport.link(member, this)
    this.worker = new Worker({
      id: `worker-${member}`,
      link: this.link,
      policy: { kind: 'trusted', middleware: undefined },
    })
    this.link.attach(this.worker)
  }

  async registered(count: number): Promise<void> {
    await this.#registered.take(count, 10_000)
  }

  invoke(
    functionId: string,
    json: string,
    more: Partial<Call> & { callerWorkerId?: string; byId?: boolean } = {},
  ): Promise<Outcome> {
    const provider = this.#providers.get(functionId)
    if (provider === undefined) throw new Error(`${functionId} is not registered`)
    const { callerWorkerId, byId, ...parts } = more
    const call = { data: Buffer.from(json), ...parts } as Call
    const callId = this.link.nextCallId(call)
    const outcome = new Promise<Outcome>((resolve) => this.#waiting.set(callId, resolve))
    const { index: _index, ...withoutIndex } = provider.registration
    if (byId === true) provider.registration = withoutIndex
    this.link.deliver(call, callId, provider, callerWorkerId)
    return within(10_000, `the answer of ${functionId}`, outcome)
  }

  /** Calls that have no answer yet. */
  get unanswered(): number {
    return this.#waiting.size
  }

  onCall(call: Call, action: Action | undefined): void {
    this.seen.add({ call, action, data: call.data.toString(), metadata: call.metadata?.toString() })
    if (call.invocationId !== undefined) this.answer(call)
  }

  onRefused(call: Call, body: ErrorBody): void {
    this.link.answer(call, undefined, errorBytes(body), true)
  }

  onResult(_worker: Worker, callId: number | string, result: Buffer | undefined, error: Buffer | undefined): void {
    const resolve = this.#waiting.get(callId)
    this.#waiting.delete(callId)
    resolve?.({ result: result?.toString(), error: error === undefined ? undefined : JSON.parse(error.toString()) })
  }

  onGivenBack(worker: Worker, callId: number | string, error: Buffer): void {
    this.givenBack.push(callId)
    this.onResult(worker, callId, undefined, error)
  }

  onControl(_worker: Worker, message: Parameters<LinkEvents['onControl']>[1], functionIndex: number | undefined): void {
    if (message.type !== 'registerfunction') return
    const provider = new Provider(this.worker, new FunctionEntry('default', message.id), {
      rawId: message.id,
      index: functionIndex,
    })
    this.#providers.set(message.id, provider)
    this.#registered.add(message.id)
  }

  onChannel(_worker: Worker, event: ChannelEvent | OfferEvent): void {
    if (event.kind === 'offers' || event.kind === 'refused') return this.offers.add(event)
    const keeps = event.kind === 'text' || event.kind === 'binary'
    this.channels.add(keeps ? { ...event, bytes: Buffer.from(event.bytes) } : event)
  }
}
