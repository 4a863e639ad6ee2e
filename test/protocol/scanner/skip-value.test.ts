// Both ways to skip a value, byte loop and WebAssembly, against each other and around the ends of blocks and pieces.
import { describe, expect, it } from 'vitest'
import { skipShortBrackets, skipShortString } from '../../../protocol/scanner/skip-short.ts'
import { skipBrackets, skipString, UNTERMINATED } from '../../../protocol/scanner/skip-value.ts'

/** Behind the value, so that it counts as long. */
const TAIL = ` ,"tail":[${'"]}",'.repeat(100)}0]}`

/** Skips by both ways and expects them to agree. */
function skip(value: string | Buffer): number {
  const short = Buffer.from(value)
  const long = Buffer.concat([short, Buffer.from(TAIL)])
  const isString = short[0] === 0x22
  const byLoop = isString ? skipShortString(short, 0) : skipShortBrackets(short, 0)
  const byWasm = isString ? skipString(long, 0) : skipBrackets(long, 0)
  if (byLoop !== UNTERMINATED) expect(byWasm).toBe(byLoop)
  return byLoop
}

describe('every byte', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)

  it('outside strings is refused unless JSON has it there', () => {
    const allowed = new Set(Buffer.from(' \t\n\r,:+-.0123456789Eaeflnrstu'))
    for (const byte of bytes) {
      if (Buffer.from('"{}[]').includes(byte)) continue
      for (const at of [1, 15, 16, 63, 64, 65]) {
        const value = Buffer.alloc(70, ' ').fill('[', 0, 1).fill(']', 69)
        value[at] = byte
        expect(skip(value), `byte ${byte} at ${at}`).toBe(allowed.has(byte) ? 70 : ~70)
      }
    }
  })

  it('inside strings is refused only below 32', () => {
    for (const byte of bytes) {
      if (byte === 0x22 || byte === 0x5c) continue
      for (const brackets of [false, true]) {
        const text = Buffer.alloc(70, 'x')
        text[68] = byte
        const value = Buffer.from(brackets ? '["' : '"')
        const end = Buffer.from(brackets ? '"]' : '"')
        const whole = Buffer.concat([value, text, end])
        expect(skip(whole), `byte ${byte}`).toBe(byte < 32 ? ~whole.length : whole.length)
      }
    }
  })

  it('behind a backslash is refused unless JSON has that escape', () => {
    const allowed = new Set(Buffer.from('"\\/bfnrt'))
    for (const byte of bytes) {
      if (byte === 0x75) continue
      for (let at = 50; at < 70; at++) {
        const whole = Buffer.concat([
          Buffer.alloc(at, ' ').fill('["', 0, 2),
          Buffer.from([0x5c, byte]),
          Buffer.from('"]'),
        ])
        expect(skip(whole), `byte ${byte} at ${at}`).toBe(allowed.has(byte) ? whole.length : ~whole.length)
      }
    }
  })

  it('of a \\u escape is a hex digit', () => {
    const hex = new Set(Buffer.from('0123456789abcdefABCDEF'))
    for (const byte of bytes) {
      if (byte === 0x22 || byte === 0x5c) continue
      for (let digit = 0; digit < 4; digit++) {
        for (const at of [2, 57, 58, 59, 60, 61, 62, 63]) {
          const escape = Buffer.from('\\u1a2B')
          escape[2 + digit] = byte
          const whole = Buffer.concat([Buffer.alloc(at, 'x').fill('["', 0, 2), escape, Buffer.from('"]')])
          expect(skip(whole), `byte ${byte} at ${at}`).toBe(hex.has(byte) ? whole.length : ~whole.length)
        }
      }
    }
  })
})

describe('the ends of blocks and pieces', () => {
  // Blocks are 64 bytes; pieces end at 1024 and then every 32 KiB.
  const lengths = [
    0, 1, 2, 15, 61, 62, 63, 64, 65, 126, 127, 128, 253, 254, 255, 256, 1020, 1021, 1022, 1023, 1024, 1025,
  ]
  const far = [33_788, 33_789, 33_790, 33_791, 33_792, 33_793, 66_558, 66_559, 66_560, 66_561]

  it.each([...lengths, ...far])('make no difference after %i bytes', (length) => {
    const pad = 'x'.repeat(length)
    const values = [
      `"${pad}"`, `"${pad}\\""`, `"${pad}\\\\"`, `"${pad}\\\\\\""`, `"${pad}\\u12aF"`, `"${pad}\u20ac"`,
      `["${pad}"]`, `["${pad}\\"]"]`, `["${pad}\\\\",{"a":[]}]`, `["${pad}\\u12aF]",{}]`, `{"${pad}":{"b":"}"},"c":[[]]}`,
      `[${' '.repeat(length)}]`, `[${' '.repeat(length)}{}]`, `${'['.repeat(length + 1)}${']'.repeat(length + 1)}`,
      `["${'\\'.repeat(2 * length)}"]`, `["${'\\'.repeat(2 * length)}\\""]`,
    ] // oxfmt-ignore
    for (const value of values) {
      const bytes = Buffer.byteLength(value)
      expect(skip(value)).toBe(bytes)
      expect(skip(Buffer.from(value).subarray(0, bytes - 1))).toBe(UNTERMINATED)
    }
  })

  it.each(['"', '["', '{"a":'])('are not where an unterminated value ends: %s', (start) => {
    for (const length of [...lengths, ...far]) {
      const frame = Buffer.from(start + '1'.repeat(length))
      expect(start[0] === '"' ? skipString(frame, 0) : skipBrackets(frame, 0)).toBe(UNTERMINATED)
    }
  })

  it('are passed by a value of many megabytes', () => {
    const value = Buffer.from(
      JSON.stringify(Array.from({ length: 200_000 }, (_, index) => ({ index, text: `"${index}\\` }))),
    )
    expect(value.length).toBeGreaterThan(5 << 20)
    expect(skip(value)).toBe(value.length)
  })
})
