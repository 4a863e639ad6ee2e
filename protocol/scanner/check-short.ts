// The byte loop behind check-value.ts for values too short for WebAssembly, and for the few that are nested too deep for it.
import { skipScalar } from './skip-scalar.ts'
import { skipSpace } from './skip-space.ts'
import { skipString } from './skip-string.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b

/** Levels of nesting that are there from the start; more are given back after use. */
const FIRST_LEVELS = 64
/** The brackets that close what is open. */
let closings = new Uint8Array(FIRST_LEVELS)

/** Object or array whose opening bracket is at `start`: the offset behind it, or -1. */
export function checkShortBrackets(bytes: Buffer, start: number): number {
  const end = walk(bytes, start)
  if (closings.length > FIRST_LEVELS) closings = new Uint8Array(FIRST_LEVELS)
  return end
}

function walk(bytes: Buffer, start: number): number {
  const { length } = bytes
  let depth = 0
  let at = start
  while (at < length) {
    const first = bytes[at]!
    if (first === QUOTE) {
      at = skipString(bytes, at)
    } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth === closings.length) closings = doubled(closings)
      closings[depth++] = first + 2
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== first + 2) {
        if (first === OPEN_BRACE && (at = skipKey(bytes, at)) < 0) return -1
        continue
      }
    } else {
      at = skipScalar(bytes, at)
    }
    if (at < 0) return -1
    // Behind a value, or before the bracket that closes an empty one.
    for (;;) {
      at = skipSpace(bytes, at)
      const byte = bytes[at]
      const closing = closings[depth - 1]!
      if (byte === COMMA) {
        at = skipSpace(bytes, at + 1)
        if (closing === OPEN_BRACE + 2 && (at = skipKey(bytes, at)) < 0) return -1
        break
      }
      if (byte !== closing) return -1
      at++
      if (--depth === 0) return at
    }
  }
  return -1
}

/** Key and colon, with the space behind them. */
function skipKey(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return -1
  const end = skipString(bytes, start)
  if (end < 0) return -1
  const at = skipSpace(bytes, end)
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : -1
}

function doubled(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}
