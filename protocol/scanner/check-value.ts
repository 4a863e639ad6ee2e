// Checks a JSON value that is kept or passed on unparsed against the whole grammar, and finds its end. The UTF-8 in strings is not
// checked. Long values: check-value.wat, 64 bytes at a time, through a fixed piece of memory; short ones: check-short.ts.
import { checkShortBrackets } from './check-short.ts'
import { CHECK_VALUE_WASM } from './check-value.wasm.ts'
import { skipScalar } from './skip-scalar.ts'
import { skipSpace } from './skip-space.ts'
import { skipString } from './skip-string.ts'

/** With so much left, the copy into WebAssembly memory and the call cost less than the byte loop. */
const LONG_BYTES = 96
/** The first piece is small, because the value may be; both are whole 64-byte blocks. */
const FIRST_PIECE_BYTES = 1024
const PIECE_BYTES = 8 * 1024
/** Bytes of the next piece that a piece shows, since a word such as `false` may begin in one and end in the other. */
const PREVIEW_BYTES = 8
/** More levels of nesting than the memory of the WebAssembly holds, which are some 32,000. */
const TOO_DEEP = -2

// The published types of Node lack the constructors.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface CheckValueExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** See check-value.wat: 0 = goes on in the next piece, e = ends before byte e of this piece, -1 = is not JSON, or TOO_DEEP. */
  advance(length: number, copied: number, first: 0 | 1): number
}

const { memory, advance } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(CHECK_VALUE_WASM, 'base64')))
  .exports as CheckValueExports
const piece = Buffer.from(memory.buffer)

/**
 * The offset behind the value that begins at `start`; -1 when there is none, it is not JSON, or the bytes end before it does.
 * `likelyRest`: it is likely to be most of what is left, which saves a call into WebAssembly.
 */
export function endOfValue(bytes: Buffer, start: number, likelyRest = false): number {
  switch (bytes[start]) {
    case 0x7b: // {
    case 0x5b: // [
      return bytes.length - start < LONG_BYTES ? checkShortBrackets(bytes, start) : checkLong(bytes, start, likelyRest)
    case 0x22: // "
      return bytes.length - start < LONG_BYTES
        ? Math.max(-1, skipString(bytes, start))
        : checkLong(bytes, start, likelyRest)
    default:
      return start < bytes.length ? Math.max(-1, skipScalar(bytes, start)) : -1
  }
}

/** Whether the bytes are one JSON value, white space around it aside. */
export function isWholeValue(bytes: Buffer): boolean {
  const end = endOfValue(bytes, skipSpace(bytes, 0), true)
  return end !== -1 && skipSpace(bytes, end) === bytes.length
}

function checkLong(bytes: Buffer, start: number, likelyRest: boolean): number {
  const { length } = bytes
  let from = start
  let room = likelyRest ? PIECE_BYTES : FIRST_PIECE_BYTES
  let first: 0 | 1 = 1
  while (from < length) {
    const to = Math.min(from + room, length)
    const shown = Math.min(to + PREVIEW_BYTES, length)
    bytes.copy(piece, 0, from, shown)
    const end = advance(to - from, shown - from, first)
    if (end === TOO_DEEP) return checkShortBrackets(bytes, start)
    if (end !== 0) return end < 0 ? -1 : from + end
    from = to
    room = PIECE_BYTES
    first = 0
  }
  return -1
}
