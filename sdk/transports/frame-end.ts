// The plugin's end of a ring or pipe: one connection, shared by the members (plugins) of a thread or process.
// Turns frames into what the handle understands and back.
import type { EngineMessage, WorkerMessage } from '../../protocol/messages.ts'
import { parseWithMetadata } from '../../base/values/exact-json.ts'
import { FLAG_UNDELIVERED, FLAG_VOID, Frame, FrameKind, readFrame, writeFrame } from '../../protocol/ring/frame.ts'
import type { OfferRefusal } from '../../protocol/offer-refusal.ts'
import type { FrameDuplex } from '../../protocol/ring/frame-duplex.ts'
import type { Sidecar } from '../../protocol/ring/sidecar.ts'
import type { ChannelRef } from '../handle-types.ts'
import { FAN_OUT_IDS, fanOutIdsOf } from '../../protocol/ring/fan-out.ts'
import type { FanOutReceiver, OfferTransport, Receiver } from '../transport.ts'

/** Gets what the plugin host says to the thread itself, or to one member. */
export type OnHost = (member: number, message: unknown) => void

export class FrameEnd {
  readonly #duplex: FrameDuplex
  readonly #members = new Map<number, MemberTransport>()
  readonly #frame = new Frame()
  readonly #onHost: OnHost

  constructor(duplex: FrameDuplex, onHost: OnHost) {
    this.#duplex = duplex
    this.#onHost = onHost
    const drained = (): void => {
      for (const transport of this.#members.values()) transport.receiver?.onDrained()
    }
    duplex.start((bytes, start, end) => this.#receive(bytes, start, end), drained)
  }

  /** The transport of one member; its frames are lost until a handle has started it. */
  member(member: number, address: string): OfferTransport {
    const transport = new MemberTransport(this.#duplex, member, address, () => this.#members.delete(member))
    this.#members.set(member, transport)
    return transport
  }

  sendHost(member: number, message: unknown): void {
    writeFrame(this.#duplex, FrameKind.Host, 0, member, 0, 0, '', '', JSON.stringify(message))
  }

  close(): void {
    this.#duplex.close()
    for (const transport of this.#members.values()) transport.closed()
    this.#members.clear()
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    const frame = this.#frame
    readFrame(bytes, start, end, frame)
    if (frame.kind === FrameKind.Host) {
      this.#onHost(frame.member, JSON.parse(frame.text(bytes) ?? 'null'))
      return
    }
    const transport = this.#members.get(frame.member)
    if (transport?.receiver === undefined) return
    if (frame.kind === FrameKind.ChannelAsk)
      transport.onChannelAsked?.(frame.callId, JSON.parse(frame.text(bytes) ?? 'null') as ChannelRef)
    else if (frame.kind === FrameKind.FannedOut) transport.fanOuts?.onSucceeded(fanOutIdsOf(frame.payload(bytes)))
    else if (frame.kind === FrameKind.Error && frame.callId >= FAN_OUT_IDS)
      transport.fanOuts?.onFailed(frame.callId, frame.text(bytes), (frame.flags & FLAG_UNDELIVERED) !== 0)
    else if (transport.passesOn && frame.kind === FrameKind.Call) transport.giveBack(frame.callId)
    else handOver(frame, bytes, transport.receiver)
  }
}

function handOver(frame: Frame, bytes: Buffer, receiver: Receiver): void {
  const { callId } = frame
  switch (frame.kind) {
    case FrameKind.Call: {
      const id = frame.idEnd > frame.idStart ? frame.id(bytes) : undefined
      receiver.onCall(callId, frame.index, id, frame.text(bytes), frame.sidecar(bytes))
      break
    }
    case FrameKind.Result:
      receiver.onResult(callId, frame.text(bytes))
      break
    case FrameKind.Error:
      receiver.onError(callId, frame.text(bytes), (frame.flags & FLAG_UNDELIVERED) !== 0)
      break
    case FrameKind.Control:
      receiver.onControl(parseWithMetadata(frame.text(bytes) ?? 'null') as EngineMessage)
      break
    case FrameKind.ChannelText:
      receiver.onChannelText(callId, frame.text(bytes) ?? '')
      break
    case FrameKind.ChannelBinary:
      receiver.onChannelBinary(callId, Buffer.from(frame.payload(bytes)))
      break
    case FrameKind.ChannelClose: {
      const { code, reason } = JSON.parse(frame.text(bytes) ?? '{}') as { code?: number; reason?: string }
      receiver.onChannelClose(callId, code ?? 1000, reason ?? '')
      break
    }
    case FrameKind.ChannelCredit:
      receiver.onChannelCredit(callId, frame.index)
      break
  }
}

/** For the caller, where no generation follows that gets the call. */
const NOT_RUN = JSON.stringify({
  code: 'plugin_unavailable',
  message: 'The plugin stops and has not run this call; nothing follows it that would',
})

class MemberTransport implements OfferTransport {
  readonly address: string
  readonly #duplex: FrameDuplex
  readonly #member: number
  readonly #onClose: () => void
  #open = true
  receiver: Receiver | undefined
  onChannelAsked: ((ask: number, ref: ChannelRef) => void) | undefined
  fanOuts: FanOutReceiver | undefined
  passesOn = false

  constructor(duplex: FrameDuplex, member: number, address: string, onClose: () => void) {
    this.#duplex = duplex
    this.#member = member
    this.address = address
    this.#onClose = onClose
  }

  get open(): boolean {
    return this.#open && this.#duplex.open
  }

  get congested(): boolean {
    return this.#duplex.congested
  }

  start(receiver: Receiver): void {
    this.receiver = receiver
  }

  call(
    callId: number | undefined,
    functionId: string,
    payload: string | undefined,
    sidecar: Sidecar | undefined,
  ): void {
    const flags = callId === undefined ? FLAG_VOID : 0
    this.#write(
      FrameKind.Call,
      flags,
      callId ?? 0,
      0,
      functionId,
      sidecar === undefined ? '' : JSON.stringify(sidecar),
      payload,
    )
  }

  fanOut(firstId: number, rows: string, payload: string | undefined, sidecar: Sidecar | undefined): void {
    const beside = sidecar === undefined ? '' : JSON.stringify(sidecar)
    this.#write(FrameKind.FanOut, 0, firstId, 0, rows, beside, payload)
  }

  result(callId: number, json: string | undefined): void {
    this.#write(FrameKind.Result, 0, callId, 0, '', '', json)
  }

  error(callId: number, json: string): void {
    this.#write(FrameKind.Error, 0, callId, 0, '', '', json)
  }

  /** The call has reached no handler. */
  giveBack(callId: number): void {
    this.#write(FrameKind.Error, FLAG_UNDELIVERED, callId, 0, '', '', NOT_RUN)
  }

  control(message: WorkerMessage, functionIndex?: number): void {
    this.#write(
      FrameKind.Control,
      0,
      0,
      functionIndex === undefined ? 0 : functionIndex + 1,
      '',
      '',
      JSON.stringify(message),
    )
  }

  passCallsOn(): void {
    this.passesOn = true
  }

  announceOffers(prefix: string): void {
    this.#write(FrameKind.ChannelOffers, 0, 0, 0, prefix, '', undefined)
  }

  refuseChannel(ask: number, reason: OfferRefusal): void {
    this.#write(FrameKind.ChannelRefused, 0, ask, reason, '', '', undefined)
  }

  openChannel(end: number, ref: ChannelRef, ask = 0): void {
    this.#write(FrameKind.ChannelOpen, 0, end, ask, '', '', JSON.stringify(ref))
  }

  channelText(end: number, text: string): void {
    this.#write(FrameKind.ChannelText, 0, end, 0, '', '', text)
  }

  channelBinary(end: number, bytes: Uint8Array): void {
    this.#write(FrameKind.ChannelBinary, 0, end, 0, '', '', bytes)
  }

  channelClose(end: number, code: number, reason: string): void {
    this.#write(FrameKind.ChannelClose, 0, end, 0, '', '', JSON.stringify({ code, reason }))
  }

  channelCredit(end: number, bytes: number): void {
    this.#write(FrameKind.ChannelCredit, 0, end, bytes, '', '', undefined)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#onClose()
    this.closed()
  }

  /** Nothing comes any more. */
  closed(): void {
    this.receiver?.onClosed()
    this.fanOuts?.onClosed()
  }

  #write(
    kind: FrameKind,
    flags: number,
    callId: number,
    index: number,
    id: string,
    sidecar: string,
    payload: string | Uint8Array | undefined,
  ): void {
    if (this.#open) writeFrame(this.#duplex, kind, flags, this.#member, callId, index, id, sidecar, payload)
  }
}
