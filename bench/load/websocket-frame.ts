// The client half of RFC 6455 framing: masked frames out, unmasked frames in, nothing more.
// The mask key is always 0, so a prepared frame is its payload behind a header and can be patched in place.

export const Opcode = { Continuation: 0x0, Text: 0x1, Binary: 0x2, Close: 0x8, Ping: 0x9, Pong: 0xa } as const

const FIN = 0x80
const MASKED = 0x80

/** Bytes of the header of a masked frame, key included. */
export function maskedHeaderLength(payloadLength: number): number {
  return payloadLength < 126 ? 6 : payloadLength < 0x10000 ? 8 : 14
}

/** Writes a header with mask key 0 and returns the offset behind it. */
function writeMaskedHeader(into: Buffer, at: number, opcode: number, payloadLength: number): number {
  into[at] = FIN | opcode
  let end = at + 2
  if (payloadLength < 126) {
    into[at + 1] = MASKED | payloadLength
  } else if (payloadLength < 0x10000) {
    into[at + 1] = MASKED | 126
    end = into.writeUInt16BE(payloadLength, end)
  } else {
    into[at + 1] = MASKED | 127
    end = into.writeBigUInt64BE(BigInt(payloadLength), end)
  }
  into.fill(0, end, end + 4)
  return end + 4
}

/** A whole masked frame of a payload. */
export function encodeMasked(payload: Buffer | string, opcode: number = Opcode.Text): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  const header = maskedHeaderLength(bytes.length)
  const frame = Buffer.allocUnsafe(header + bytes.length)
  writeMaskedHeader(frame, 0, opcode, bytes.length)
  frame.set(bytes, header)
  return frame
}

/** A payload is the range [start, end) of `buffer`, valid until the call returns. */
export type FrameSink = (opcode: number, buffer: Buffer, start: number, end: number) => void

/** Longest frame taken; a longer one is an error of the peer. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024

/** Cuts a byte stream from a server into frames. A frame split over several reads is put together in a buffer of its own. */
export class FrameReader {
  readonly #sink: FrameSink
  #partial: Buffer = Buffer.allocUnsafe(0)
  #partialLength = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Takes `chunk[start … end)`. Throws on a frame that is no plain server frame: masked, fragmented or too long. */
  push(chunk: Buffer, start: number, end: number): void {
    let at = start
    while (this.#partialLength > 0) {
      at = this.#continuePartial(chunk, at, end)
      if (at >= end) return
    }
    for (;;) {
      const total = frameLength(chunk, at, end)
      if (total === -1 || at + total > end) break
      this.#sink(chunk[at]! & 0x0f, chunk, at + headerLength(chunk, at), at + total)
      at += total
    }
    if (at < end) this.#keep(chunk, at, end)
  }

  /** Adds what the begun frame still misses; hands it on when whole. Returns the offset of the first byte not used. */
  #continuePartial(chunk: Buffer, at: number, end: number): number {
    // The header first: only it tells how much is missing.
    const known = frameLength(this.#partial, 0, this.#partialLength)
    const wanted = known === -1 ? headerMissing(this.#partial, this.#partialLength) : known
    const take = Math.min(wanted - this.#partialLength, end - at)
    this.#keep(chunk, at, at + take)
    if (known !== -1 && this.#partialLength === known) {
      const frame = this.#partial
      this.#partialLength = 0
      this.#sink(frame[0]! & 0x0f, frame, headerLength(frame, 0), known)
    }
    return at + take
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const length = this.#partialLength + to - from
    if (length > this.#partial.length) {
      const known =
        this.#partialLength > 0 ? frameLength(this.#partial, 0, this.#partialLength) : frameLength(chunk, from, to)
      const grown = Buffer.allocUnsafe(Math.max(length, known, 1024))
      grown.set(this.#partial.subarray(0, this.#partialLength))
      this.#partial = grown
    }
    this.#partial.set(chunk.subarray(from, to), this.#partialLength)
    this.#partialLength = length
  }
}

/** Length of the frame at `at`, header included; -1 while the header is not complete. */
function frameLength(buffer: Buffer, at: number, end: number): number {
  if (end - at < 2) return -1
  const first = buffer[at]!
  const second = buffer[at + 1]!
  if ((first & FIN) === 0 || (first & 0x0f) === Opcode.Continuation)
    throw new Error('The server sent a fragmented frame.')
  if (second >= MASKED) throw new Error('The server sent a masked frame.')
  if (second < 126) return 2 + second
  if (second === 126) return end - at < 4 ? -1 : 4 + ((buffer[at + 2]! << 8) | buffer[at + 3]!)
  if (end - at < 10) return -1
  const length = buffer.readUInt32BE(at + 2) * 2 ** 32 + buffer.readUInt32BE(at + 6)
  if (length > MAX_FRAME_BYTES) throw new Error(`The server sent a frame of ${length} bytes.`)
  return 10 + length
}

function headerLength(buffer: Buffer, at: number): number {
  const code = buffer[at + 1]!
  return code < 126 ? 2 : code === 126 ? 4 : 10
}

/** Length of the whole header, as far as it is known. */
function headerMissing(buffer: Buffer, length: number): number {
  return length < 2 ? 2 : headerLength(buffer, 0)
}
