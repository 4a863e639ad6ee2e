// What a plugin's link hands on from its frames, to the router and the channel broker.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { WorkerMessage } from '../../protocol/messages.ts'
import type { OfferRefusal } from '../../protocol/offer-refusal.ts'
import type { Action } from './action.ts'
import type { Call } from './call.ts'
import type { Worker } from './worker.ts'

/** Something about one channel end of a plugin; `end` is the plugin's own number for it. Bytes are valid until the call returns. */
export type ChannelEvent =
  /** `ref` is as the plugin sent it: unchecked. `ask`: the question that it answers; 0 or absent = none. */
  | { readonly kind: 'open'; readonly end: number; readonly ref: unknown; readonly ask?: number }
  | { readonly kind: 'text'; readonly end: number; readonly bytes: Buffer }
  | { readonly kind: 'binary'; readonly end: number; readonly bytes: Buffer }
  | { readonly kind: 'close'; readonly end: number; readonly code: number; readonly reason: string }
  /** The plugin's reader has taken that many bytes (`itemCost`): as many more may be sent to it. */
  | { readonly kind: 'credit'; readonly end: number; readonly bytes: number }

/** About channels that a plugin offers and that have no end yet. */
export type OfferEvent =
  /** Ids that begin like this are offered by the plugin. */
  | { readonly kind: 'offers'; readonly prefix: string }
  /** The answer to a question when no end is opened. */
  | { readonly kind: 'refused'; readonly ask: number; readonly reason: OfferRefusal }

export interface LinkEvents {
  /** `call.data` and `call.metadata` are valid until this returns. */
  onCall(call: Call, action: Action | undefined): void
  /** A call that must not go anywhere; `body` says why. */
  onRefused(call: Call, body: ErrorBody): void
  /** At most one of `result` and `error` is given, valid until this returns. */
  onResult(worker: Worker, callId: number | string, result: Buffer | undefined, error: Buffer | undefined): void
  /** The call has reached no handler of the worker, which stops. `error` is for the caller where nobody else can take it. */
  onGivenBack(worker: Worker, callId: number | string, error: Buffer): void
  /** `functionIndex` comes with `registerfunction`: `FunctionRegistration.index`. */
  onControl(worker: Worker, message: WorkerMessage, functionIndex: number | undefined): void
  onChannel(worker: Worker, event: ChannelEvent | OfferEvent): void
}
