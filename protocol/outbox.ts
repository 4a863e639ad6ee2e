// Collects the WebSocket frames that a server sends on one socket and hands them to a sink once per turn: one write for many frames
// is what makes the router fast (design, "The hot path"). Builds the frames itself; no I/O.

/** Where finished bytes go. */
export interface OutboxSink {
  /** Takes the buffers in order and calls `written` once none of them is needed any more. */
  write(buffers: readonly Buffer[], written: () => void): void
}

const SLAB_BYTES = 64 * 1024
/** Payloads from this size on are handed over by reference instead of being copied into a slab. */
const BY_REFERENCE_BYTES = 16 * 1024
/** Memory kept for reuse at most: 4 MiB. */
const MAX_FREE_SLABS = 64
const FINAL_TEXT = 0x81

/**
 * Memory that frames are built in. A slab is lent from the first frame of a turn until it was written, so idle sockets hold none,
 * and under load the same few serve for ever: fresh ones would be most of the garbage of a call.
 */
const freeSlabs: Buffer[] = []

export class Outbox {
  readonly #sink: OutboxSink
  #slab: Buffer | undefined
  /** Start of the bytes in the slab that were not handed over. */
  #from = 0
  #at = 0
  #full: Buffer[] = []
  /** Slabs of which parts are in `#full`. */
  #used: Buffer[] = []
  #bytes = 0

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
    if (headerBytes(least) !== headerBytes(most) || most > SLAB_BYTES) {
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

  /** Hands everything to the sink. */
  flush(): void {
    if (this.#bytes === 0) return
    this.#cut()
    const buffers = this.#full
    const used = this.#used
    this.#slab = undefined
    this.#full = []
    this.#used = []
    this.#bytes = 0
    this.#sink.write(buffers, () => recycle(used))
  }

  /** Forgets what was not flushed. */
  discard(): void {
    recycle(this.#used)
    this.#slab = undefined
    this.#full = []
    this.#used = []
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
    this.#cut()
    this.#full.push(body.buffer instanceof SharedArrayBuffer ? Buffer.from(body) : body)
    if (tailBytes > 0) {
      // First the slab: `#at` may begin anew in another one.
      const after = this.#reserve(tailBytes)
      this.#at += after.utf8Write(tail, this.#at)
    }
    this.#bytes += header + length
  }

  /** A slab with at least this much room behind `#at`. */
  #reserve(bytes: number): Buffer {
    if (this.#slab !== undefined && this.#slab.length - this.#at >= bytes) return this.#slab
    this.#cut()
    const slab = (bytes <= SLAB_BYTES ? freeSlabs.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
    this.#slab = slab
    this.#used.push(slab)
    this.#from = this.#at = 0
    return slab
  }

  #cut(): void {
    if (this.#slab === undefined || this.#at === this.#from) return
    this.#full.push(this.#slab.subarray(this.#from, this.#at))
    this.#from = this.#at
  }
}

function recycle(slabs: readonly Buffer[]): void {
  for (const slab of slabs) if (slab.length === SLAB_BYTES && freeSlabs.length < MAX_FREE_SLABS) freeSlabs.push(slab)
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
