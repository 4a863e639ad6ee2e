// Collects the WebSocket frames that a server sends on one socket and hands them to a sink once per turn: one write for many frames
// is what makes the router fast (design, "The hot path"). Builds the frames itself; no I/O.

import { giveAllBack, lendRegion, MAX_REGION_BYTES, type Region } from './slabs.ts'

/** Where finished bytes go. */
export interface OutboxSink {
  /** Takes the buffers in order, and gives back what is lent once none of them is needed any more. */
  write(buffers: readonly Buffer[], lent: readonly Region[]): void
}

/** Payloads from this size on are handed over by reference instead of being copied into a slab. */
const BY_REFERENCE_BYTES = 16 * 1024
const MIN_REGION_BYTES = 512
const FINAL_TEXT = 0x81

export class Outbox {
  readonly #sink: OutboxSink
  #region: Region | undefined
  /** Start of the bytes in the region that are not in `#full` yet. */
  #from = 0
  #at = 0
  /** Made in the turns in which there is something. */
  #full: Buffer[] | undefined
  /** Regions of which parts are in `#full`. */
  #used: Region[] | undefined
  #bytes = 0
  /** Size of the first region of the next turn: what the last turns needed. */
  #wish = MIN_REGION_BYTES

  constructor(sink: OutboxSink) {
    this.#sink = sink
  }

  /** Bytes added since the last flush. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a text frame of `head`, `body` and `tail`. A large `body` outside shared memory is kept by reference, others are copied. */
  text(head: string, body: Buffer | undefined, tail: string): void {
    const bodyBytes = body === undefined ? 0 : body.length
    if (body !== undefined && bodyBytes >= BY_REFERENCE_BYTES) return this.#large(head, body, tail)
    const characters = head.length + tail.length
    let least = characters + bodyBytes
    let most = characters * 3 + bodyBytes
    if (headerBytes(least) !== headerBytes(most) || most > MAX_REGION_BYTES) {
      // The size of the frame header depends on what is not ASCII, or three times as much memory would be taken for a large head.
      least = most = Buffer.byteLength(head) + Buffer.byteLength(tail) + bodyBytes
    }
    const header = headerBytes(least)
    const slab = this.#reserve(header + most)
    const start = this.#at
    let at = start + header
    at += slab.utf8Write(head, at)
    if (body !== undefined) {
      slab.set(body, at)
      at += bodyBytes
    }
    if (tail.length > 0) at += slab.utf8Write(tail, at)
    writeHeader(slab, start, header, at - start - header)
    this.#bytes += at - start
    this.#at = at
  }

  /**
   * As `text`, for the frames that make up nearly all traffic: everything but the body is ASCII and, except for the id, known
   * as bytes, so nothing is concatenated, flattened or encoded.
   * @param replaced bytes at the end of the body in whose place the tail stands, which is no shorter. A view of the rest would be garbage.
   */
  ascii(prefix: Uint8Array, id: string, middle: Uint8Array, body: Buffer, tail: Uint8Array, replaced = 0): void {
    const headLength = prefix.length + id.length + middle.length
    const length = headLength + body.length - replaced + tail.length
    const header = headerBytes(length)
    const byReference = body.length >= BY_REFERENCE_BYTES
    const memory = this.#reserve(header + (byReference ? headLength : length))
    writeHeader(memory, this.#at, header, length)
    let at = copyInto(memory, this.#at + header, prefix)
    at += memory.latin1Write(id, at)
    at = copyInto(memory, at, middle)
    this.#bytes += header + length
    if (byReference) {
      this.#at = at
      this.#keep(replaced === 0 ? body : body.subarray(0, body.length - replaced))
      const after = this.#reserve(tail.length)
      this.#at = copyInto(after, this.#at, tail)
    } else {
      memory.set(body, at)
      this.#at = copyInto(memory, at + body.length - replaced, tail)
    }
  }

  /** Adds ASCII that is no frame, with room for a small one behind it: two pieces would cost more to write. */
  plain(text: string): void {
    const memory = this.#reserve(text.length + MIN_REGION_BYTES)
    this.#at += memory.latin1Write(text, this.#at)
    this.#bytes += text.length
  }

  /** Hands everything to the sink. */
  flush(): void {
    if (this.#bytes === 0) return
    this.#cut()
    const buffers = this.#full ?? []
    const lent = this.#used ?? []
    this.#adapt()
    this.#forget()
    this.#sink.write(buffers, lent)
  }

  /** Forgets what was not flushed. */
  discard(): void {
    if (this.#used !== undefined) giveAllBack(this.#used)
    this.#forget()
  }

  #forget(): void {
    this.#region = undefined
    this.#full = undefined
    this.#used = undefined
    this.#bytes = 0
  }

  #large(head: string, body: Buffer, tail: string): void {
    const headBytes = Buffer.byteLength(head)
    const tailBytes = Buffer.byteLength(tail)
    const length = headBytes + body.length + tailBytes
    const header = headerBytes(length)
    const before = this.#reserve(header + headBytes)
    writeHeader(before, this.#at, header, length)
    before.utf8Write(head, this.#at + header)
    this.#at += header + headBytes
    this.#keep(body)
    if (tailBytes > 0) {
      // First the slab: `#at` may begin anew in another one.
      const after = this.#reserve(tailBytes)
      this.#at += after.utf8Write(tail, this.#at)
    }
    this.#bytes += header + length
  }

  /** Memory with at least this much room behind `#at`. */
  #reserve(bytes: number): Buffer {
    const region = this.#region
    if (region !== undefined && region.end - this.#at >= bytes) return region.buffer
    this.#cut()
    const wish = region === undefined ? this.#wish : MAX_REGION_BYTES
    const next = lendRegion(Math.max(wish, bytes))
    this.#region = next
    if (this.#used === undefined) this.#used = [next]
    else this.#used.push(next)
    this.#from = this.#at = next.start
    return next.buffer
  }

  /** Follows the volume of a turn: up at once, down by half. */
  #adapt(): void {
    const needed = Math.min(Math.ceil(this.#bytes * 1.25), MAX_REGION_BYTES)
    // The next power of two; a logarithm would cost more than all else here.
    const wish = 1 << (32 - Math.clz32(needed - 1))
    this.#wish = Math.max(MIN_REGION_BYTES, wish, this.#wish / 2)
  }

  /** Takes a large body as it is; shared memory would be overwritten before it was sent. */
  #keep(body: Buffer): void {
    this.#cut()
    this.#add(body.buffer instanceof SharedArrayBuffer ? Buffer.from(body) : body)
  }

  #cut(): void {
    if (this.#region === undefined || this.#at === this.#from) return
    this.#add(this.#region.buffer.subarray(this.#from, this.#at))
    this.#from = this.#at
  }

  #add(buffer: Buffer): void {
    if (this.#full === undefined) this.#full = [buffer]
    else this.#full.push(buffer)
  }
}

/** `set` takes a third of the time of a loop or of `copy`. Returns where the next byte goes. */
function copyInto(memory: Buffer, at: number, bytes: Uint8Array): number {
  memory.set(bytes, at)
  return at + bytes.length
}

function headerBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

/** RFC 6455 §5.2: one final, unmasked text frame. */
function writeHeader(slab: Buffer, at: number, header: number, length: number): void {
  slab[at] = FINAL_TEXT
  if (header === 2) {
    slab[at + 1] = length
  } else if (header === 4) {
    slab[at + 1] = 126
    slab[at + 2] = length >>> 8
    slab[at + 3] = length & 0xff
  } else {
    slab[at + 1] = 127
    slab.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2)
    slab.writeUInt32BE(length >>> 0, at + 6)
  }
}
