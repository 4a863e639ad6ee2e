// Splits what a process writes into lines, bounded in length and rate. Plain JavaScript, for the keeper alone.
import { StringDecoder } from 'node:string_decoder'

/** Longer lines are cut. */
const MAX_LINE_BYTES = 16 * 1024
/** Of one process; what is above it is dropped and counted. */
const LINES_PER_SECOND = 1000

export class LineOutput {
  /** Bytes of the line that is not over yet; nothing more is added to a full one. */
  #pending = ''
  #pendingBytes = 0
  #decoder = new StringDecoder('utf8')
  #rate

  /** @param {LineRate} rate */
  constructor(rate) {
    this.#rate = rate
  }

  /**
   * The lines that end in this chunk, as far as the rate allows.
   * @param {Buffer} chunk
   */
  write(chunk) {
    const lines = []
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#add(chunk.subarray(start, end))
      this.#finish(lines)
      start = end + 1
    }
    this.#add(chunk.subarray(start))
    return lines
  }

  /** What stands behind the last end of a line. */
  end() {
    const lines = []
    if (this.#pendingBytes > 0) this.#finish(lines)
    return lines
  }

  #add(bytes) {
    const room = MAX_LINE_BYTES - this.#pendingBytes
    this.#pendingBytes += bytes.length
    if (room > 0) this.#pending += this.#decoder.write(bytes.subarray(0, room))
  }

  #finish(lines) {
    const cut = this.#pendingBytes > MAX_LINE_BYTES ? ` … (${this.#pendingBytes} bytes)` : ''
    const text = this.#pending + this.#decoder.end()
    if (this.#rate.take()) lines.push((text.endsWith('\r') ? text.slice(0, -1) : text) + cut)
    this.#pending = ''
    this.#pendingBytes = 0
  }
}

export class LineRate {
  #second = 0
  #taken = 0
  #dropped = 0

  /** False: the line is one too many. */
  take() {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#taken = 0
    }
    if (this.#taken++ < LINES_PER_SECOND) return true
    this.#dropped++
    return false
  }

  /** Lines dropped since the last question. */
  takeDropped() {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }
}
