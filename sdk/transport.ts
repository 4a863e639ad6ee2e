// The interface between the `iii` handle and its connection to the engine: a ring, a pipe or a WebSocket.
// JSON crosses it as text; correlation, handlers and time-outs are the handle's business.
import type { EngineMessage, WorkerMessage } from '../protocol/messages.ts'
import type { OfferRefusal } from '../protocol/offer-refusal.ts'
import type { Sidecar } from '../protocol/ring/sidecar.ts'
import type { ChannelRef } from './handle-types.ts'

export type { Sidecar }

/** The part of a transport that the ends of channels use. */
export interface ChannelTransport {
  /** `ask`: number of the question of the engine that it answers, for channels that were offered. */
  openChannel(end: number, ref: ChannelRef, ask?: number): void
  channelText(end: number, text: string): void
  channelBinary(end: number, bytes: Uint8Array): void
  channelClose(end: number, code: number, reason: string): void
  /** Allows the writer at the other side that many bytes more. */
  channelCredit(end: number, bytes: number): void
}

export interface Transport extends ChannelTransport {
  /** Base address for channel sockets of other clients; empty where there is none. */
  readonly address: string
  /** False once nothing can be sent any more. */
  readonly open: boolean
  /** Too much waits to be sent: new calls are refused, answers are not. */
  readonly congested: boolean
  /** Why nothing can be sent at present, in words; undefined while it can, and where that is never so. */
  readonly problem?: string | undefined
  /** Begins to hand out what arrives. */
  start(receiver: Receiver): void
  /** `callId` is undefined for a call that nobody waits for. `payload` is JSON. */
  call(callId: number | undefined, functionId: string, payload: string | undefined, sidecar: Sidecar | undefined): void
  /** Undefined = no value. */
  result(callId: number, json: string | undefined): void
  error(callId: number, json: string): void
  /** `functionIndex`: for `registerfunction`, the number by which calls of it may name it. */
  control(message: WorkerMessage, functionIndex?: number): void
  /** Ends this connection, or this member's part in it. */
  close(): void
}

/** A connection on which channels can be offered and many functions be called at once: that of a plugin. */
export interface OfferTransport extends Transport {
  /** Told of the calls of fan-outs. */
  fanOuts: FanOutReceiver | undefined
  /** Calls many functions with one payload. `rows` is a JSON array of `FanOutRow`, at most `FAN_OUT_CALLS`; `firstId` is the id of its first call. */
  fanOut(firstId: number, rows: string, payload: string | undefined, sidecar: Sidecar | undefined): void
  /** From now on calls that arrive reach no handler: the engine gets them back. */
  passCallsOn(): void
  /** Asked when somebody opens a channel whose id begins with what was announced. */
  onChannelAsked: ((ask: number, ref: ChannelRef) => void) | undefined
  /** Ids that begin with `prefix` are offered here. */
  announceOffers(prefix: string): void
  /** Answers a question when no end is opened. */
  refuseChannel(ask: number, reason: OfferRefusal): void
}

/** What becomes of calls that went out as fan-outs. */
export interface FanOutReceiver {
  onSucceeded(ids: readonly number[]): void
  onFailed(id: number, json: string | undefined, isUndelivered: boolean): void
  onClosed(): void
}

/** What the ends of channels get of it. */
export interface ChannelReceiver {
  onChannelText(end: number, text: string): void
  /** The bytes belong to the receiver. */
  onChannelBinary(end: number, bytes: Uint8Array): void
  onChannelClose(end: number, code: number, reason: string): void
  onChannelCredit(end: number, bytes: number): void
}

/** What a transport hands to the handle, in the order of arrival. None of these may throw. */
export interface Receiver extends ChannelReceiver {
  /** The function is named by its index, or by its id where it has none. */
  onCall(
    callId: number,
    functionIndex: number,
    functionId: string | undefined,
    payload: string | undefined,
    sidecar: string | undefined,
  ): void
  onResult(callId: number, json: string | undefined): void
  /** `isUndelivered`: the engine says that the call reached nobody. */
  onError(callId: number, json: string | undefined, isUndelivered: boolean): void
  /** The call was given up on this side of the connection. */
  onFailure(callId: number, error: Error): void
  onControl(message: EngineMessage): void
  /** `congested` was true and is over: every transport that can be congested says so. */
  onDrained(): void
  /** Nothing is sent or received any more. `reason`: what calls end with; default: that the connection was closed. */
  onClosed(reason?: Error): void
  /** False when the call has been given up meanwhile: then it need not be sent. */
  isWaitedFor(callId: number): boolean
}
