// The link to one plugin of a thread or process: what ring and pipe links have in common.
// Its transport carries the frames of all members; this turns those of one into calls and back.
import { FLAG_UNDELIVERED, FLAG_VOID, FrameKind, writeFrame, type Frame } from '../../protocol/ring/frame.ts'
import type { OfferRefusal } from '../../protocol/offer-refusal.ts'
import { FAN_OUT_IDS, fanOutIdBytes } from '../../protocol/ring/fan-out.ts'
import type { FrameDuplex } from '../../protocol/ring/frame-duplex.ts'
import { parseUnrounded, parseWithMetadata } from '../../base/values/exact-json.ts'
import type { Sidecar } from '../../protocol/ring/sidecar.ts'
import { errorBytes } from '../../protocol/error-bytes.ts'
import { isWholeValue } from '../../protocol/scanner/check-value.ts'
import { objectSplice } from '../../protocol/scanner/object-splice.ts'
import { DEFAULT_NAMESPACE, type EngineMessage, type WorkerMessage } from '../../protocol/messages.ts'
import type { Provider } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { Link, LinkKind } from '../model/link.ts'
import type { LinkEvents } from '../model/link-events.ts'
import type { ChannelRef } from '../model/channel-ref.ts'
import { FanOutTargets } from './fan-out-targets.ts'

const NULL_JSON = Buffer.from('null')
const NO_JSON_PAYLOAD = { code: 'invalid_message', message: 'The payload is no JSON' }
const NO_JSON_ANSWER = errorBytes({ code: 'invalid_message', message: 'The answer of the plugin is no JSON' })

/** So many calls of fan-outs that have succeeded are told of at once, or with the next call of the plugin, or after so long. */
const MOST_SUCCEEDED = 1024
const SUCCEEDED_MS = 5

/** What a link needs of its transport. */
export interface LinkTransport {
  readonly duplex: FrameDuplex
  /** Pauses `sender` until the duplex has drained. */
  throttle(sender: Link): void
  detach(member: number): void
}

export class FrameLink implements Link {
  readonly kind: LinkKind
  readonly member: number
  readonly maxFrameBytes = Infinity
  /** Frames that its plugin has sent so far. */
  received = 0
  readonly #transport: LinkTransport
  readonly #duplex: FrameDuplex
  readonly #events: LinkEvents
  #worker: Worker | undefined
  #open = true
  #lastCallId = 0
  readonly #fanOuts = new FanOutTargets()
  /** Calls of fan-outs that have succeeded and of which the plugin has not been told. */
  #succeeded: number[] = []
  #succeededTimer: NodeJS.Timeout | undefined

  constructor(kind: LinkKind, transport: LinkTransport, member: number, events: LinkEvents) {
    this.kind = kind
    this.#transport = transport
    this.#duplex = transport.duplex
    this.member = member
    this.#events = events
  }

  /** Names the worker whose link this is; frames before that are dropped. */
  attach(worker: Worker): void {
    this.#worker = worker
  }

  get open(): boolean {
    return this.#open && this.#duplex.open
  }

  /** Shared by the members of a thread. */
  get queuedBytes(): number {
    return this.#duplex.queuedBytes
  }

  get congested(): boolean {
    return this.#duplex.congested
  }

  /** Frames of any size cross a ring or pipe. */
  limitFrames(): void {}
  tooLarge(): undefined {}

  nextCallId(_call: Call): number {
    const used = this.#worker?.calls
    do this.#lastCallId = (this.#lastCallId + 1) >>> 0
    while (used?.has(this.#lastCallId) === true)
    return this.#lastCallId
  }

  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void {
    const { index, rawId } = provider.registration
    const members = callerWorkerId === undefined ? 0 : objectSplice(call.data)
    // The last key wins, so a `_caller_worker_id` that the caller wrote loses, however it is escaped.
    const suffix = members === 0 ? '' : `${members === 1 ? '' : ','}"_caller_worker_id":"${callerWorkerId}"}`
    const id = index === undefined ? rawId : ''
    // The call wakes the plugin's thread in any case.
    this.#tellSucceeded()
    this.#write(FrameKind.Call, callId as number, index ?? 0, id, sidecarOf(call), call.data, suffix)
  }

  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined, isUndelivered: boolean): void {
    const callId = call.invocationId as number
    if (error !== undefined)
      this.#write(FrameKind.Error, callId, 0, '', '', error, '', isUndelivered ? FLAG_UNDELIVERED : 0)
    else if (callId >= FAN_OUT_IDS) this.#fannedOut(callId)
    else this.#write(FrameKind.Result, callId, 0, '', '', result)
  }

  /** Told of together: a handler's success is news to nobody in a hurry, and each frame may have to wake the plugin's thread. */
  #fannedOut(callId: number): void {
    const count = this.#succeeded.push(callId)
    if (count === MOST_SUCCEEDED) this.#tellSucceeded()
    else if (count > 1) return
    else if (this.#succeededTimer !== undefined) this.#succeededTimer.refresh()
    else this.#succeededTimer = setTimeout(() => this.#tellSucceeded(), SUCCEEDED_MS).unref()
  }

  #tellSucceeded(): void {
    const ids = this.#succeeded
    if (ids.length === 0) return
    this.#succeeded = []
    this.#write(FrameKind.FannedOut, 0, 0, '', '', fanOutIdBytes(ids))
  }

  send(message: EngineMessage): boolean {
    this.#write(FrameKind.Control, 0, 0, '', '', JSON.stringify(message))
    return true
  }

  /** Rings and pipes are always drained: what a plugin sends is bounded on its own side. */
  pause(): void {}
  resume(): void {}

  throttle(sender: Link): void {
    if (this.open) this.#transport.throttle(sender)
  }

  close(_code: number, _reason: string): void {
    this.terminate()
  }

  terminate(): void {
    if (!this.#open) return
    this.#open = false
    this.#transport.detach(this.member)
  }

  // ── channels, for the broker ─────────────────────────────────────────────────────────────────────────────────────

  channelText(end: number, text: Buffer): void {
    this.#write(FrameKind.ChannelText, end, 0, '', '', text)
  }

  /** Items keep their size: the plugin's credit window lets one of any size pass. */
  channelBinary(end: number, bytes: Buffer): void {
    this.#write(FrameKind.ChannelBinary, end, 0, '', '', bytes)
  }

  /** Code 404 = there is no such channel: an error for the reader. Any other ends it. */
  channelClose(end: number, code: number, reason: string): void {
    this.#write(FrameKind.ChannelClose, end, 0, '', '', JSON.stringify({ code, reason }))
  }

  /** Allows the plugin's writer to send that much more. */
  channelCredit(end: number, bytes: number): void {
    this.#write(FrameKind.ChannelCredit, end, bytes, '', '', undefined)
  }

  /** Somebody opens a channel that the plugin may have offered; it answers by opening its end, or with a refusal. */
  channelAsk(ask: number, ref: ChannelRef): void {
    this.#write(FrameKind.ChannelAsk, ask, 0, '', '', JSON.stringify(ref))
  }

  // ── from the transport ───────────────────────────────────────────────────────────────────────────────────────────

  receive(frame: Frame, bytes: Buffer): void {
    const worker = this.#worker
    if (worker === undefined || !this.#open) return
    this.received++
    switch (frame.kind) {
      case FrameKind.Call:
        this.#receiveCall(frame, bytes, worker)
        break
      case FrameKind.FanOut:
        this.#receiveFanOut(frame, bytes, worker)
        break
      case FrameKind.Result: {
        const result = frame.hasPayload ? frame.payload(bytes) : undefined
        if (result === undefined || isWholeValue(result)) {
          this.#events.onResult(worker, frame.callId, result, undefined)
        } else this.#events.onResult(worker, frame.callId, undefined, NO_JSON_ANSWER)
        break
      }
      case FrameKind.Error: {
        const payload = frame.payload(bytes)
        const error = isWholeValue(payload) ? payload : NO_JSON_ANSWER
        if ((frame.flags & FLAG_UNDELIVERED) !== 0) this.#events.onGivenBack(worker, frame.callId, error)
        else this.#events.onResult(worker, frame.callId, undefined, error)
        break
      }
      case FrameKind.Control: {
        const message = parseUnrounded(frame.text(bytes) ?? 'null') as WorkerMessage
        this.#events.onControl(worker, message, frame.index === 0 ? undefined : frame.index - 1)
        break
      }
      default:
        this.#receiveChannel(frame, bytes, worker)
    }
  }

  #receiveCall(frame: Frame, bytes: Buffer, worker: Worker): void {
    const json = frame.sidecar(bytes)
    const sidecar = json === undefined ? undefined : (parseWithMetadata(json) as Sidecar)
    const data = frame.hasPayload ? withoutOuterSpace(frame.payload(bytes)) : NULL_JSON
    const call: Call = {
      functionId: frame.id(bytes),
      namespace: sidecar?.namespace ?? DEFAULT_NAMESPACE,
      caller: worker,
      invocationId: (frame.flags & FLAG_VOID) === 0 ? frame.callId : undefined,
      data,
      metadata: sidecar?.metadata === undefined ? undefined : Buffer.from(JSON.stringify(sidecar.metadata)),
      traceparent: sidecar?.traceparent,
      baggage: sidecar?.baggage,
      binding: sidecar?.binding,
      onSettled: undefined,
      bytes: 0,
      callee: undefined,
      callId: 0,
      deliveredAt: 0,
    }
    // A plugin may send a text as it is, and nobody parses it before another worker does.
    if (isWholeValue(data)) this.#events.onCall(call, sidecar?.action as Action | undefined)
    else this.#events.onRefused(call, NO_JSON_PAYLOAD)
  }

  #receiveFanOut(frame: Frame, bytes: Buffer, worker: Worker): void {
    const targets = this.#fanOuts.read(bytes.subarray(frame.idStart, frame.idEnd))
    const json = frame.sidecar(bytes)
    const sidecar = json === undefined ? undefined : (JSON.parse(json) as Sidecar)
    const data = frame.hasPayload ? withoutOuterSpace(frame.payload(bytes)) : NULL_JSON
    const isWhole = isWholeValue(data)
    for (let place = 0; place < targets.length; place++) {
      const { functionId, namespace, binding, metadata } = targets[place]!
      const call: Call = {
        functionId,
        namespace,
        caller: worker,
        invocationId: frame.callId + place,
        data,
        metadata,
        traceparent: sidecar?.traceparent,
        baggage: sidecar?.baggage,
        binding,
        onSettled: undefined,
        bytes: 0,
        callee: undefined,
        callId: 0,
        deliveredAt: 0,
      }
      if (isWhole) this.#events.onCall(call, undefined)
      else this.#events.onRefused(call, NO_JSON_PAYLOAD)
    }
  }

  #receiveChannel(frame: Frame, bytes: Buffer, worker: Worker): void {
    const end = frame.callId
    switch (frame.kind) {
      case FrameKind.ChannelOpen:
        this.#events.onChannel(worker, {
          kind: 'open',
          end,
          ref: JSON.parse(frame.text(bytes) ?? 'null') as unknown,
          ask: frame.index,
        })
        break
      case FrameKind.ChannelText:
        this.#events.onChannel(worker, { kind: 'text', end, bytes: frame.payload(bytes) })
        break
      case FrameKind.ChannelBinary:
        this.#events.onChannel(worker, { kind: 'binary', end, bytes: frame.payload(bytes) })
        break
      case FrameKind.ChannelClose: {
        const { code, reason } = JSON.parse(frame.text(bytes) ?? '{}') as { code?: number; reason?: string }
        this.#events.onChannel(worker, { kind: 'close', end, code: code ?? 1000, reason: reason ?? '' })
        break
      }
      case FrameKind.ChannelCredit:
        this.#events.onChannel(worker, { kind: 'credit', end, bytes: frame.index })
        break
      case FrameKind.ChannelOffers:
        this.#events.onChannel(worker, { kind: 'offers', prefix: frame.id(bytes) })
        break
      case FrameKind.ChannelRefused:
        this.#events.onChannel(worker, { kind: 'refused', ask: end, reason: frame.index as OfferRefusal })
        break
    }
  }

  #write(
    kind: FrameKind,
    callId: number,
    index: number,
    id: string,
    sidecar: string,
    payload: string | Buffer | undefined,
    suffix = '',
    flags = 0,
  ): void {
    if (this.open) writeFrame(this.#duplex, kind, flags, this.member, callId, index, id, sidecar, payload, suffix)
  }
}

/** Raw JSON of a plugin may have white space around it, which the splicing of members does not expect. */
function withoutOuterSpace(json: Buffer): Buffer {
  let start = 0
  let end = json.length
  while (start < end && json[start]! <= 0x20) start++
  while (start < end && json[end - 1]! <= 0x20) end--
  return start === 0 && end === json.length ? json : json.subarray(start, end)
}

/** The sidecar of a delivery as JSON text; metadata goes in unparsed. */
function sidecarOf({ traceparent, baggage, metadata }: Call): string {
  if (traceparent === undefined && baggage === undefined && metadata === undefined) return ''
  const known = JSON.stringify({ traceparent, baggage })
  if (metadata === undefined) return known
  return `${known.slice(0, -1)}${known === '{}' ? '' : ','}"metadata":${metadata.toString()}}`
}
