// Frames of one read that are the same byte for byte, but for one text: what a worker sends that has many functions called with one payload,
// or that answers one call after the other. What the first one was found to be the others are too, and none of them is scanned
// (docs/decisions/2026-11-29-repeated-frames.md).
import { KnownTexts } from './known-texts.ts'
import { isPlainByte, turned } from './masked-text.ts'
import { slicePlainText } from './text.ts'

/** A longer text is left to the scanner. */
const MAX_TEXT_BYTES = 96
const QUOTE = 0x22
/** The text of a frame in quotes; the bytes before it are for `KnownTexts`, which looks at some. */
const TOKEN_START = 4
const token = Buffer.alloc(TOKEN_START + MAX_TEXT_BYTES + 2)
token[TOKEN_START] = QUOTE

export class FrameRun {
  readonly #known = new KnownTexts()
  /** The memory in which the first frame stands, unmasked, and those behind it; undefined = there is no run. */
  #bytes: DataView<ArrayBuffer> | undefined
  /** Where it stands, and what of it stands before and behind the text. The quotes are part of these. */
  #start = 0
  #headBytes = 0
  #tailStart = 0
  #tailBytes = 0
  #areFew = false

  /**
   * Begins a run with a frame that was scanned, at its text `[textStart, textEnd)` with quotes.
   * @param areFew the texts come again and again.
   */
  begin(frame: Buffer, textStart: number, textEnd: number, areFew: boolean): void {
    const { buffer, byteOffset, length } = frame
    if (this.#bytes?.buffer !== buffer) this.#bytes = new DataView(buffer as ArrayBuffer)
    this.#start = byteOffset
    this.#headBytes = textStart + 1
    this.#tailStart = byteOffset + textEnd - 1
    this.#tailBytes = length - textEnd + 1
    this.#areFew = areFew
  }

  end(): void {
    this.#bytes = undefined
  }

  /**
   * The text of the frame at `[start, end)` if it differs from the first one in nothing else; undefined = it does, or must be scanned.
   * The frame stays as it is.
   * @param key its mask as a number whose lowest byte is for the byte at `start`; 0 = it is not masked.
   */
  textIn({ buffer, byteOffset }: Buffer, start: number, end: number, key: number): string | undefined {
    const bytes = this.#bytes
    const textBytes = end - start - this.#headBytes - this.#tailBytes
    if (bytes === undefined || textBytes < 1 || textBytes > MAX_TEXT_BYTES || bytes.buffer !== buffer) return undefined
    const at = byteOffset + start
    const toTail = this.#headBytes + textBytes
    if (!isSame(bytes, at + toTail, this.#tailStart, this.#tailBytes, turned(key, toTail))) return undefined
    if (!isSame(bytes, at, this.#start, this.#headBytes, key)) return undefined
    return takeText(bytes, at + this.#headBytes, textBytes, turned(key, this.#headBytes))
      ? this.#text(textBytes)
      : undefined
  }

  #text(textBytes: number): string {
    const end = TOKEN_START + textBytes + 2
    return this.#areFew ? this.#known.at(token, TOKEN_START, end) : slicePlainText(token, TOKEN_START, end)
  }
}

/** Whether the bytes at `at`, unmasked, are those at `other`. */
function isSame(bytes: DataView, at: number, other: number, length: number, key: number): boolean {
  let offset = 0
  for (; offset + 8 <= length; offset += 8) {
    const first = bytes.getInt32(at + offset, true) ^ bytes.getInt32(other + offset, true)
    const second = bytes.getInt32(at + offset + 4, true) ^ bytes.getInt32(other + offset + 4, true)
    if (((first ^ key) | (second ^ key)) !== 0) return false
  }
  for (let rest = key; offset < length; offset++, rest = turned(rest, 1)) {
    if ((bytes.getUint8(at + offset) ^ (rest & 0xff)) !== bytes.getUint8(other + offset)) return false
  }
  return true
}

/** Unmasks a text into `token`. False = it is one that needs decoding, or ends before. */
function takeText(bytes: DataView, at: number, length: number, key: number): boolean {
  const start = TOKEN_START + 1
  for (let offset = 0, rest = key; offset < length; offset++, rest = turned(rest, 1)) {
    const byte = bytes.getUint8(at + offset) ^ (rest & 0xff)
    if (!isPlainByte(byte)) return false
    token[start + offset] = byte
  }
  token[start + length] = QUOTE
  return true
}
