// The binary frame that ring and pipe links carry: a fixed header, then function id, sidecar and payload.
// Written straight to where it is sent from; read in place.
import type { FrameSink } from './frame-duplex.ts'

/** Kinds of frame. What `callId` and `index` hold depends on it; unnamed fields are 0. */
export const FrameKind = {
  /** A call. Plugin to router: function id as text. Router to plugin: function index, or the id where it has none. */
  Call: 1,
  /** Success; a payload of no bytes means "no value", the text `null` means the value null. */
  Result: 2,
  /** Failure; payload: an error body as JSON. */
  Error: 3,
  /** A control message of `messages.ts` as JSON; `index`: the function index + 1 given to a `registerfunction`. */
  Control: 4,
  /**
   * Attaches a channel end; `callId`: its number, payload: the channel ref as JSON. The other channel kinds use the same number.
   * `index`: the number of the `ChannelAsk` that it answers.
   */
  ChannelOpen: 5,
  /** One text item. */
  ChannelText: 6,
  /** One binary item. */
  ChannelBinary: 7,
  /** End of the channel; payload: `{code, reason}` as JSON. */
  ChannelClose: 8,
  /** `index`: bytes by which the receiver widens the credit window of the sender. */
  ChannelCredit: 9,
  /** Between plugin host and the thread or process itself; payload: JSON. */
  Host: 10,
  /** Plugin to router: channels whose id begins with this function id are offered by it; the router asks for them. */
  ChannelOffers: 11,
  /** Router to plugin: somebody opens what may be an offered channel; `callId`: number of the question, payload: the ref as JSON. */
  ChannelAsk: 12,
  /** Plugin to router: nothing is opened; `callId`: number of the question, `index`: an `OfferRefusal`. */
  ChannelRefused: 13,
  /** Plugin to router: one payload for many functions; `callId`: the number of the first call, in the place of the id: who is called. */
  FanOut: 14,
  /** Router to plugin: calls of fan-outs that have succeeded; payload: their numbers, in binary. */
  FannedOut: 15,
} as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** Flag of a call: nobody waits for the answer. */
export const FLAG_VOID = 1
/** Flag of a failure: the call reached nobody. */
export const FLAG_UNDELIVERED = 2

/** Largest number of members (plugins) on one connection. */
export const MAX_MEMBERS = 0xffff

const HEADER_BYTES = 20

/** A frame's header with the ranges of its parts. One instance is filled anew for each frame: read it before the next one. */
export class Frame {
  kind = 0
  flags = 0
  /** Which plugin of a shared thread. */
  member = 0
  callId = 0
  index = 0
  idStart = 0
  /** Also where the sidecar starts. */
  idEnd = 0
  /** Also where the payload starts. */
  sidecarEnd = 0
  end = 0

  get hasPayload(): boolean {
    return this.end > this.sidecarEnd
  }

  id(bytes: Buffer): string {
    return bytes.toString('utf8', this.idStart, this.idEnd)
  }

  /** The sidecar JSON, or undefined when the frame has none. */
  sidecar(bytes: Buffer): string | undefined {
    return this.sidecarEnd > this.idEnd ? bytes.toString('utf8', this.idEnd, this.sidecarEnd) : undefined
  }

  /** The payload as text, or undefined when the frame has none. */
  text(bytes: Buffer): string | undefined {
    return this.end > this.sidecarEnd ? bytes.toString('utf8', this.sidecarEnd, this.end) : undefined
  }

  /** The payload as a view, valid as long as the frame. */
  payload(bytes: Buffer): Buffer {
    return bytes.subarray(this.sidecarEnd, this.end)
  }
}

export function readFrame(bytes: Buffer, start: number, end: number, into: Frame): void {
  into.kind = bytes[start]!
  into.flags = bytes[start + 1]!
  into.member = bytes.readUInt16LE(start + 2)
  into.callId = bytes.readUInt32LE(start + 4)
  into.index = bytes.readUInt32LE(start + 8)
  into.idStart = start + HEADER_BYTES
  into.idEnd = into.idStart + bytes.readUInt32LE(start + 12)
  into.sidecarEnd = into.idEnd + bytes.readUInt32LE(start + 16)
  into.end = end
}

/**
 * Writes one frame. `suffix` replaces the last byte of a payload given as bytes: the closing brace of an object to which a
 * member is added.
 */
export function writeFrame(
  sink: FrameSink,
  kind: FrameKind,
  flags: number,
  member: number,
  callId: number,
  index: number,
  id: string,
  sidecar: string,
  payload: string | Uint8Array | undefined,
  suffix: string = '',
): void {
  const at = sink.reserve(HEADER_BYTES + roomFor(id) + roomFor(sidecar) + roomForPayload(payload) + suffix.length * 3)
  const { target } = sink
  let to = at + HEADER_BYTES
  const idLength = id === '' ? 0 : target.write(id, to, 'utf8')
  to += idLength
  const sidecarLength = sidecar === '' ? 0 : target.write(sidecar, to, 'utf8')
  to += sidecarLength
  if (typeof payload === 'string') {
    to += target.write(payload, to, 'utf8')
  } else if (payload !== undefined) {
    target.set(payload, to)
    to += payload.length
    if (suffix !== '') to += target.write(suffix, to - 1, 'utf8') - 1
  }
  target[at] = kind
  target[at + 1] = flags
  target.writeUInt16LE(member, at + 2)
  target.writeUInt32LE(callId, at + 4)
  target.writeUInt32LE(index, at + 8)
  target.writeUInt32LE(idLength, at + 12)
  target.writeUInt32LE(sidecarLength, at + 16)
  sink.commit(to - at)
}

/** Upper bound of the UTF-8 length: exact for long strings, where three bytes for each unit would waste room. */
function roomFor(text: string): number {
  return text.length < 1024 ? text.length * 3 : Buffer.byteLength(text)
}

function roomForPayload(payload: string | Uint8Array | undefined): number {
  if (payload === undefined) return 0
  return typeof payload === 'string' ? roomFor(payload) : payload.length
}
