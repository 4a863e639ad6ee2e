// What the scanner finds in a frame: the type, the ids and the byte ranges of the members that are forwarded unparsed.
// The scanner itself is `scan.ts`. Ranges are offsets into the scanned buffer, end exclusive; -1 = absent.

/** Kinds of frame that the scanner tells apart. Everything but the two hot ones is parsed as a whole by the caller. */
export const FrameKind = { Invalid: 0, Invoke: 1, Result: 2, Control: 3 } as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** A frame's envelope. One instance per scanner is filled anew by each scan: read it before the next scan, never keep it. */
export interface Envelope {
  kind: FrameKind
  /** Value of `type` for kind Control, or of an invalid frame as far as it was read. */
  type: string
  /** Absent or null: undefined. A non-string or one above 128 characters makes the frame Invalid. */
  invocationId: string | undefined
  functionId: string
  /** Where these two stand, with their quotes. */
  invocationIdStart: number
  invocationIdEnd: number
  functionIdStart: number
  functionIdEnd: number
  namespace: string | undefined
  traceparent: string | undefined
  baggage: string | undefined
  dataStart: number
  dataEnd: number
  resultStart: number
  resultEnd: number
  errorStart: number
  errorEnd: number
  metadataStart: number
  metadataEnd: number
  actionStart: number
  actionEnd: number
  /** For kind Invalid: what is wrong, in words for the log and for the `invalid_message` answer. */
  problem: string
}

/** An empty envelope to scan into. All come from here, so that the scanner sees one shape of object. */
export function createEnvelope(): Envelope {
  return {
    kind: FrameKind.Invalid,
    type: '',
    invocationId: undefined,
    functionId: '',
    invocationIdStart: -1,
    invocationIdEnd: -1,
    functionIdStart: -1,
    functionIdEnd: -1,
    namespace: undefined,
    traceparent: undefined,
    baggage: undefined,
    dataStart: -1,
    dataEnd: -1,
    resultStart: -1,
    resultEnd: -1,
    errorStart: -1,
    errorEnd: -1,
    metadataStart: -1,
    metadataEnd: -1,
    actionStart: -1,
    actionEnd: -1,
    problem: '',
  }
}
