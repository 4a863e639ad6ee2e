// How the last answer looked that said no more than that a call has ended. Those of other calls and other workers look the same but for two
// texts, the ids of call and function: what that one was found to be they are too, and none of them is unmasked, scanned or checked for UTF-8
// (docs/decisions/2026-11-30-answers-by-form.md).
import type { Envelope } from './envelope.ts'
import { isPlainByte, turned } from './masked-text.ts'
import { slicePlainText } from './text.ts'

/** A longer answer is left to the scanner. */
const MAX_BYTES = 256
/** Ids that the engine gives to calls. */
const ID_BYTES = 36
const QUOTE = 0x22

export class AnswerForm {
  readonly #bytes = Buffer.allocUnsafeSlow(MAX_BYTES)
  /** Bytes before the id of the call, with its quote; 0 = there is no form. */
  #headBytes = 0
  /** Between the texts, with their quotes. */
  #middleStart = 0
  #middleBytes = 0
  /** Behind the id of the function. */
  #tailStart = 0
  #tailBytes = 0
  readonly #id = Buffer.allocUnsafeSlow(ID_BYTES + 2)

  /** A frame was scanned that is an answer without a value. */
  learn(frame: Buffer, { invocationIdStart, invocationIdEnd, functionIdStart, functionIdEnd }: Envelope): void {
    if (frame.length > MAX_BYTES || invocationIdEnd - invocationIdStart !== ID_BYTES + 2) return
    if (functionIdStart < invocationIdEnd || frame[functionIdStart] !== QUOTE) return
    frame.copy(this.#bytes)
    this.#headBytes = invocationIdStart + 1
    this.#middleStart = invocationIdEnd - 1
    this.#middleBytes = functionIdStart + 1 - this.#middleStart
    this.#tailStart = functionIdEnd - 1
    this.#tailBytes = frame.length - this.#tailStart
  }

  /**
   * The id of the call that the frame at `[start, end)` answers, if it has the form; undefined = it must be scanned. It stays as it is.
   * @param key its mask as a number whose lowest byte is for the byte at `start`; 0 = it is not masked.
   */
  idIn(bytes: Buffer, start: number, end: number, key: number): string | undefined {
    const length = end - start
    const toMiddle = this.#headBytes + ID_BYTES
    const toFunction = toMiddle + this.#middleBytes
    const toTail = length - this.#tailBytes
    if (this.#headBytes === 0 || length > MAX_BYTES || toTail < toFunction) return undefined
    if (!this.#has(this.#tailStart, this.#tailBytes, bytes, start + toTail, turned(key, toTail))) return undefined
    if (!this.#has(0, this.#headBytes, bytes, start, key)) return undefined
    if (!this.#has(this.#middleStart, this.#middleBytes, bytes, start + toMiddle, turned(key, toMiddle)))
      return undefined
    if (!isPlain(bytes, start + toFunction, start + toTail, turned(key, toFunction))) return undefined
    return this.#idAt(bytes, start + this.#headBytes, turned(key, this.#headBytes))
  }

  /** Whether the bytes at `at`, unmasked, are those of the form from `from` on. */
  #has(from: number, length: number, bytes: Buffer, at: number, key: number): boolean {
    const form = this.#bytes
    const a = key & 0xff
    const b = (key >>> 8) & 0xff
    const c = (key >>> 16) & 0xff
    const d = key >>> 24
    let offset = 0
    for (; offset + 4 <= length; offset += 4) {
      const difference =
        (bytes[at + offset]! ^ a ^ form[from + offset]!) |
        (bytes[at + offset + 1]! ^ b ^ form[from + offset + 1]!) |
        (bytes[at + offset + 2]! ^ c ^ form[from + offset + 2]!) |
        (bytes[at + offset + 3]! ^ d ^ form[from + offset + 3]!)
      if (difference !== 0) return false
    }
    for (let rest = key; offset < length; offset++, rest = turned(rest, 1))
      if ((bytes[at + offset]! ^ (rest & 0xff)) !== form[from + offset]!) return false
    return true
  }

  #idAt(bytes: Buffer, at: number, key: number): string | undefined {
    const id = this.#id
    for (let offset = 0, rest = key; offset < ID_BYTES; offset++, rest = turned(rest, 1)) {
      const byte = bytes[at + offset]! ^ (rest & 0xff)
      if (!isPlainByte(byte)) return undefined
      id[offset + 1] = byte
    }
    return slicePlainText(id, 0, ID_BYTES + 2)
  }
}

/** Whether a text needs no decoding and ends where it should. */
function isPlain(bytes: Buffer, start: number, end: number, key: number): boolean {
  for (let at = start, rest = key; at < end; at++, rest = turned(rest, 1))
    if (!isPlainByte(bytes[at]! ^ (rest & 0xff))) return false
  return true
}
