// What ring and pipe have in common for those above them: a way to write frames and a way to be given those of the other side.
// A frame is a byte range; what stands in it is `frame.ts`.

/**
 * Where a frame is written: `reserve` names the place, the writer fills it, `commit` publishes it.
 * Nothing else may be reserved between the two, and a reservation that is not committed is simply taken back by the next one.
 */
export interface FrameSink {
  /** The bytes that the offset of the last `reserve` refers to. */
  readonly target: Buffer
  /** Offset in `target` from which `maxLength` bytes may be written. */
  reserve(maxLength: number): number
  /** Publishes the first `length` bytes of the reservation. */
  commit(length: number): void
}

/** Gets one frame. The range is valid until the function returns: who keeps bytes copies them. It must not throw. */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void

/** One side of a two-way connection that carries frames in order. */
export interface FrameDuplex extends FrameSink {
  /** Bytes written and not yet read by the other side. */
  readonly queuedBytes: number
  /** Above `congested_bytes` or `congested_frames`: new calls should go elsewhere or be refused. Answers are always accepted. */
  readonly congested: boolean
  readonly open: boolean
  /** Begins to hand out frames. `onDrained`: what waited for room has gone down to half of the limits, or this side was closed. */
  start(onFrame: OnFrame, onDrained?: () => void): void
  /**
   * For a stall watch that asks now and then: since when (in the caller's clock) frames lie unread without any progress,
   * or undefined while the other side reads or has nothing to read.
   */
  unreadSince(now: number): number | undefined
  /** Hands out what the other side had published before it ended, then closes. */
  drainRemaining(): void
  /** Ends this side; nothing is handed out or written any more. */
  close(): void
}

/** Limits of a duplex; `design`, "Bounds". */
export interface DuplexLimits {
  readonly congested_bytes: number
  readonly congested_frames: number
}

export const DUPLEX_LIMITS: DuplexLimits = { congested_bytes: 64 * 1024 * 1024, congested_frames: 10_000 }
