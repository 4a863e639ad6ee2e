// Finds the end of a value that the scanner forwards unparsed. Short values: a byte loop in JavaScript (skip-short.ts);
// long ones: skip-value.wat, 64 bytes at a time, through a fixed piece of memory however long the value.
// Every skip function returns the offset behind the value, its complement `~end` when the value holds a byte that is not JSON
// (the envelope can still be read on behind it), or UNTERMINATED.
import { skipShortBrackets, skipShortString } from './skip-short.ts'
import { SKIP_VALUE_WASM } from './skip-value.wasm.ts'

/** The frame ends before the value does. */
export const UNTERMINATED = -1

/** With so much of the frame left, the copy into WebAssembly memory and the call cost less than the byte loop. */
const LONG_BYTES = 96
/** The first piece is small, because the value may be; both are whole 64-byte blocks. */
const FIRST_PIECE_BYTES = 1024
const PIECE_BYTES = 32 * 1024

// The published types of Node lack the constructors.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

interface SkipValueExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** See skip-value.wat: 0 = goes on in the next piece, e = ends before byte e of this piece, ~e = ends there and is faulty. */
  advance(length: number, first: 0 | 1): number
}

const { memory, advance } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(SKIP_VALUE_WASM, 'base64')))
  .exports as SkipValueExports
const piece = new Uint8Array(memory.buffer)

/** Skips the object or array whose opening bracket is at `start`. */
export function skipBrackets(frame: Buffer, start: number): number {
  const end = frame.length - start < LONG_BYTES ? skipShortBrackets(frame, start) : skipLong(frame, start)
  // The loops balance braces and brackets by number. That a value which begins like an object ends like one, encoders rely on.
  return end > 0 && frame[end - 1] !== frame[start]! + 2 ? ~end : end
}

/** Skips the string whose opening quote is at `start`. */
export function skipString(frame: Buffer, start: number): number {
  return frame.length - start < LONG_BYTES ? skipShortString(frame, start) : skipLong(frame, start)
}

function skipLong(frame: Buffer, start: number): number {
  const length = frame.length
  let from = start
  let room = FIRST_PIECE_BYTES
  let first: 0 | 1 = 1
  while (from < length) {
    const to = Math.min(from + room, length)
    piece.set(frame.subarray(from, to))
    const end = advance(to - from, first)
    if (end > 0) return from + end
    if (end < 0) return ~(from + ~end)
    from = to
    room = PIECE_BYTES
    first = 0
  }
  return UNTERMINATED
}
