// The transport interface between the router and a worker (design, "The one idea"): socket, ring, pipe and local links implement it.
// A link encodes; what may be sent, to whom and in which order is the router's business.
import type { EngineMessage } from '../../protocol/messages.ts'
import type { Call } from './call.ts'
import type { FrameLimit } from './frame-limit.ts'
import type { Provider } from './function-entry.ts'

export type LinkKind = 'socket' | 'ring' | 'pipe' | 'local'

export interface TooLarge {
  readonly limit: FrameLimit
  readonly message: string
}

export interface Link {
  readonly kind: LinkKind
  /** False as soon as no frame can be written any more; the router then tries the next provider. */
  readonly open: boolean
  /** Bytes accepted and not yet handed to the peer. */
  readonly queuedBytes: number
  /** Above the soft limit: other providers are preferred, and socket senders that write to it are paused until it drains. */
  readonly congested: boolean

  /** Bytes of the largest frame that the peer can take; Infinity where there is no such bound. */
  readonly maxFrameBytes: number

  /** Frames that the peer can take are no larger, whatever its listener allows. A smaller bound stays. */
  limitFrames(limit: FrameLimit): void

  /** Why the peer could not take the call; undefined = it can. */
  tooLarge(call: Call, provider: Provider, callerWorkerId: string | undefined): TooLarge | undefined

  /** A free id under which the callee answers: a UUID on sockets (the caller's own if free), a u32 on rings. Recorded by the router. */
  nextCallId(call: Call): string | number

  /**
   * Writes the call. `call.data` and `call.metadata` are valid only until this returns: a link that cannot write them now copies them.
   * `callerWorkerId` is spliced into an object payload as the last member `_caller_worker_id` (spec 01 §9.2).
   */
  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void

  /**
   * Writes the answer to a call that this link's worker made. At most one of `result` and `error` is given, both raw JSON and
   * valid only until this returns; neither = success without a value. Answers are always accepted; one that is larger than the
   * peer can take becomes the error `result_too_large`. `isUndelivered`: the call has failed before it reached anybody.
   */
  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined, isUndelivered: boolean): void

  /** Writes a control message. False = it is larger than the peer can take, and was not written. */
  send(message: EngineMessage): boolean

  /** Asks the source of this link to stop reading until `resume`; only sockets can. Reasons are counted, so pairs nest. */
  pause(): void
  resume(): void

  /**
   * Pauses `sender` until this link has drained below half its soft limit, or ends. Called for each frame that a sender
   * writes to a congested link; does nothing for a sender that is held already.
   */
  throttle(sender: Link): void

  /** Ends the link. Frames already queued are still written when the code is not an error. The router's teardown is separate. */
  close(code: number, reason: string): void

  /** Ends the link at once, without a word to the peer: it is dead, or a newer connection took its place. */
  terminate(): void
}
