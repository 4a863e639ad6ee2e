// The check of a whole value, by both ways, against JSON.parse: on random values, on damaged ones, and around the ends of blocks and pieces.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkShortBrackets } from '../../../protocol/scanner/check-short.ts'
import { endOfValue } from '../../../protocol/scanner/check-value.ts'
import { skipString } from '../../../protocol/scanner/skip-string.ts'
import { randomJson } from './random-frame.ts'

/** Behind the value, so that it counts as long. */
const TAIL = ` ,"tail":[${'"]}",'.repeat(100)}0]}`

/** As expect(found).toBe(wanted), a hundred times as fast: here are a hundred thousand of them. */
function mustBe(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${String(found)} instead of ${String(wanted)} for ${what.slice(0, 500)}`)
}

/** Where the value ends, -1 = nowhere, found by both ways where there are two; they have to agree. */
function end(value: string): number {
  const alone = Buffer.from(value)
  const amongOthers = Buffer.concat([alone, Buffer.from(TAIL)])
  const found = endOfValue(alone, 0)
  mustBe(endOfValue(alone, 0, true), found, value)
  if ('{['.includes(value[0] ?? '')) {
    mustBe(checkShortBrackets(alone, 0), found, value)
    if (found !== -1) mustBe(endOfValue(amongOthers, 0), found, value)
  } else if (value[0] === '"') {
    mustBe(Math.max(-1, skipString(alone, 0)), found, value)
    if (found !== -1) mustBe(endOfValue(amongOthers, 0), found, value)
  }
  return found
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether it is JSON as a whole, as both JSON.parse and the check have to find. */
function expectAsParsed(text: string): boolean {
  const expected = isJson(text)
  const bytes = Buffer.byteLength(text)
  if (expected) mustBe(end(text.trim()), Buffer.byteLength(text.trim()), text)
  else if (text.trim() === text) mustBe(end(text) === bytes && bytes > 0, false, text)
  return expected
}

const seed = fc.integer()

it('any JSON value ends where it ends', () => {
  fc.assert(
    fc.property(seed, (from) => mustBe(expectAsParsed(randomJson(from)), true, `${from}`)),
    { numRuns: 3000 },
  )
})

it('a damaged value is JSON exactly if JSON.parse says so', () => {
  const damage = fc.array(
    fc.record({
      what: fc.constantFrom('set', 'delete', 'insert', 'double', 'move'),
      where: fc.nat(999_999).map((millionths) => millionths / 1e6),
      char: fc.oneof(
        fc.constantFrom(...'{}[]",:\\ u0eE-+.\n\t1tfnalse9'),
        fc.nat(127).map((code) => String.fromCharCode(code)),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const seen = { json: 0, none: 0 }
  fc.assert(
    fc.property(seed, fc.nat(130), damage, (from, blanks, changes) => {
      // The blanks bring every token to every place of a block.
      const whole = `[${' '.repeat(blanks)}${randomJson(from)},${randomJson(from + 1)}]`
      const text = changes.reduce((value, { what, where, char }) => {
        const at = Math.floor(where * value.length)
        const before = value.slice(0, at)
        if (what === 'set') return before + char + value.slice(at + 1)
        if (what === 'delete') return before + value.slice(at + 1)
        if (what === 'insert') return before + char + value.slice(at)
        if (what === 'double') return before + value.slice(at, at + 3) + value.slice(at)
        return before + value.slice(at + 1) + (value[at] ?? '')
      }, whole)
      seen[expectAsParsed(text) ? 'json' : 'none']++
    }),
    { numRuns: 10_000 },
  )
  expect(Math.min(seen.json, seen.none)).toBeGreaterThan(500)
})

describe('what is wrong is found at every place of a block', () => {
  const wrong = [
    ...['{"a":1]', '[1}', '{"a"}', '{"a":}', '{:1}', '{,}', '{"a":1,}', '{"a":1,2}', '{"a":1,"b"}', '{"a":1,[]}', '{1:2}'],
    ...['{"a":"b":"c"}', '{"a" "b"}', '{"a":1 "b":2}', '{"a"::1}', '{[]}', '{{}}', '{"a":1,,"b":2}', '{true:1}'],
    ...['[,]', '[1,]', '[,1]', '[1,,2]', '[1 2]', '["a" "b"]', '["a":1]', '[1,"a":1]', '[{} {}]', '[[][]]', '[:]', '[1:2]'],
    ...['[01]', '[-01]', '[00]', '[-]', '[+1]', '[1.]', '[.1]', '[1..2]', '[1.2.3]', '[1e]', '[1e+]', '[1e+-1]', '[1ee2]'],
    ...['[1e2e3]', '[1e2.3]', '[1-]', '[1-2]', '[--1]', '[1+2]', '[0x1]', '[1a]', '[-a]', '[1.e1]', '[e1]', '[-.1]', '[1_0]'],
    ...['[tru]', '[truee]', '[true1]', '[1true]', '[nul]', '[nulll]', '[fals]', '[false0]', '[True]', '[nan]', '[undefined]'],
    ...['[truefalse]', '[true"a"]', '["a"true]', '[1"a"]', '["a"1]', '[null[]]', '[[]null]', '[-null]', '[tnull]', "['a']"],
    ...['[\u0001]', '[1\u000b]', '[\u00a01]', '[\u20281]', '["\u0001"]', '["\\x"]', '["\\u12g4"]', '[/**/1]', '[1;2]', '[\\n]'],
  ] // oxfmt-ignore
  const right = [
    ...['{}', '[]', '{"a":1}', '[[],{}]', '{"a":{},"b":[]}', '[0,-0,10,-10,0.5,-0.5,1e5,1E+5,1e-05,0e0,123.456e7]'],
    ...['[true,false,null]', '{"true":true}', '{"a":[1,"b",{"c":null}],"d":"e"}', '[ 1 , 2 ]', '{ "a" : 1 , "b" : [ ] }'],
    ...['["a","b"]', '[{"a":"b"},{"c":"d"}]', '[[[[1]]]]', '{"a":"","":"b"}', '["{[,:\\"]}"]', '[\t\n\r 1\n]'],
  ] // oxfmt-ignore

  it.each(wrong)('%j', (value) => {
    expect(isJson(value)).toBe(false)
    for (let blanks = 0; blanks < 130; blanks++) {
      mustBe(end(`[${' '.repeat(blanks)}${value}]`), -1, `${blanks}`)
      mustBe(end(`["${'x'.repeat(blanks)}",${value}]`), -1, `${blanks}`)
    }
  })

  it.each(right)('and what is right is not: %j', (value) => {
    expect(isJson(value)).toBe(true)
    for (let blanks = 0; blanks < 130; blanks++) {
      for (const whole of [`[${' '.repeat(blanks)}${value}]`, `{"${'x'.repeat(blanks)}":${value}}`]) {
        mustBe(end(whole), whole.length, `${blanks}`)
      }
    }
  })
})

it('a number or word beside one with a point is checked over the end of a block', () => {
  const right = ['0', '10', '0.5', '-0', '1.25e3', 'true', 'null']
  const wrong = ['01', '00.5', '-01', '1.5.5', '.5', '5.', 'true1', 'true.5', 'null-1', 'false.0']
  for (let shift = 40; shift < 72; shift++) {
    for (const text of [...right, ...wrong]) {
      for (const list of [`1.5,${text},2.5`, `${text},2.5`, text]) {
        mustBe(
          expectAsParsed(`["${'x'.repeat(shift)}",${list},"${'y'.repeat(64)}"]`),
          right.includes(text),
          `${shift} ${list}`,
        )
      }
    }
  }
})

describe('the ends of pieces', () => {
  // Pieces end at 1024 bytes and then every 32 KiB.
  it.each([1024, 9_216, 17_408])('make no difference after %i bytes', (bytes) => {
    const tokens = ['true', 'false', 'null', '-12.5e+3', '"a\\u12aFb"', '{"a":[1,{"b":2}]}', '10', '[[]]']
    for (const token of tokens) {
      for (let before = bytes - token.length - 3; before <= bytes + 1; before++) {
        for (const pad of ['x', ' ']) {
          const filler = pad === ' ' ? ' '.repeat(before - 2) : `"${'x'.repeat(before - 5)}",`
          const value = `[${filler}${token},1]`
          mustBe(end(value), value.length, `${token} at ${before}`)
          const damaged = `[${filler}${token.slice(0, -1)}+,1]`
          mustBe(end(damaged), -1, `${token} at ${before}`)
        }
      }
    }
  })

  it('lie between a key and its colon', () => {
    for (let length = 1000; length < 1030; length++) {
      const key = 'k'.repeat(length)
      expect(end(`{"${key}":1}`)).toBe(length + 6)
      expect(end(`{"${key}"  :  {"a":1}}`)).toBe(length + 16)
      expect(end(`{"${key}",1}`)).toBe(-1)
      expect(end(`["${key}":1]`)).toBe(-1)
    }
  })
})

describe('strings, alone and within brackets', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)

  function expectEnd(string: Buffer, isRight: boolean, what: string): void {
    for (const [before, behind] of [
      ['', ''],
      ['[', ']'],
      ['[', ` ,"${'x'.repeat(100)}"]`],
      ['', ` ,"${'x'.repeat(100)}"]`],
    ] as const) {
      const whole = Buffer.concat([Buffer.from(before), string, Buffer.from(behind)])
      const wanted = before === '' ? string.length : whole.length
      mustBe(endOfValue(whole, 0), isRight ? wanted : -1, `${what}${behind}`)
    }
  }

  it('hold every byte from 32 on', () => {
    for (const byte of bytes) {
      if (byte === 0x22 || byte === 0x5c) continue
      for (const at of [1, 15, 16, 63, 64, 65, 68]) {
        const string = Buffer.alloc(72, 'x')
        string[0] = string[71] = 0x22
        string[at] = byte
        expectEnd(string, byte >= 32, `byte ${byte} at ${at}`)
      }
    }
  })

  it('hold no escapes but those of JSON', () => {
    const allowed = new Set(Buffer.from('"\\/bfnrt'))
    for (const byte of bytes) {
      if (byte === 0x75) continue
      for (let at = 50; at < 70; at++) {
        const string = Buffer.concat([
          Buffer.alloc(at, 'x').fill('"', 0, 1),
          Buffer.from([0x5c, byte]),
          Buffer.from('"'),
        ])
        expectEnd(string, allowed.has(byte), `byte ${byte} at ${at}`)
      }
    }
  })

  it('hold four hex digits behind \\u', () => {
    const hex = new Set(Buffer.from('0123456789abcdefABCDEF'))
    for (const byte of bytes) {
      if (byte === 0x22 || byte === 0x5c) continue
      for (let digit = 0; digit < 4; digit++) {
        for (const at of [2, 57, 58, 59, 60, 61, 62, 63]) {
          const escape = Buffer.from('\\u1a2B')
          escape[2 + digit] = byte
          const string = Buffer.concat([Buffer.alloc(at, 'x').fill('"', 0, 1), escape, Buffer.from('"')])
          expectEnd(string, hex.has(byte), `byte ${byte} at ${at}`)
        }
      }
    }
  })

  it.each([0, 1, 60, 61, 62, 63, 64, 126, 1020, 1021, 1022, 1023, 1024, 33_790, 33_791, 9_216, 17_408])(
    'of %i bytes and more end where they end',
    (length) => {
      const pad = 'x'.repeat(length)
      for (const text of [pad, `${pad}\\"`, `${pad}\\\\`, `${pad}\\u12aF`, `${pad}\u20ac`, '\\'.repeat(2 * length)]) {
        const string = Buffer.from(`"${text}"`)
        expectEnd(string, true, text)
        expect(endOfValue(string.subarray(0, string.length - 1), 0)).toBe(-1)
      }
    },
  )
})

describe('nesting', () => {
  it.each([63, 64, 65, 1_000, 32_000, 33_000, 200_000])('of %i levels is followed', (depth) => {
    const opens = '{"a":['.repeat(depth / 2)
    const value = `${opens}${']}'.repeat(depth / 2)}`
    expect(end(value)).toBe(value.length)
    expect(end(`${opens}${']]'.repeat(depth / 2)}`)).toBe(-1)
  })

  it('is followed where the brackets begin not to fit into a register', () => {
    for (let depth = 50; depth < 70; depth++) {
      for (let braces = 0; braces < 4; braces++) {
        for (const gap of ['', ' ', '    ']) {
          const kinds = Array.from({ length: depth }, (_, level) => (depth - level === braces ? '{' : '['))
          const opens = kinds.map((kind) => (kind === '{' ? '{"":' : '[') + gap).join('')
          const closes = kinds.map((kind) => (kind === '{' ? '}' : ']')).reverse()
          const value = `${opens}${'['.repeat(8)}"${'x'.repeat(64)}"${']'.repeat(8)}${closes.join('')}`
          mustBe(end(value), value.length, value)
          for (const at of [0, 1, depth - 1]) {
            const other = closes.with(at, closes[at] === '}' ? ']' : '}')
            mustBe(end(value.slice(0, -depth) + other.join('')), -1, value)
          }
        }
      }
    }
  })

  it('that goes up and down over the ends of blocks is followed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -90, max: 120 }), { minLength: 5, maxLength: 60 }),
        fc.nat(9),
        (steps, wrong) => {
          const open: string[] = ['[']
          let value = '['
          for (const step of steps) {
            for (let count = step; count > 0; count--) {
              const kind = (count * 7 + step) % 3 === 0 ? '{' : '['
              value += kind === '{' ? '{"":' : '['
              open.push(kind)
            }
            // A scalar in the innermost, and then out again, but never to the end.
            value += '1'
            for (let count = -step; count > 0 && open.length > 1; count--) value += open.pop() === '{' ? '}' : ']'
            value += open.at(-1) === '{' ? ',"":' : ','
          }
          value += '1'
          const whole =
            value +
            open
              .map((kind) => (kind === '{' ? '}' : ']'))
              .reverse()
              .join('')
          mustBe(end(whole), whole.length, whole)
          expect(isJson(whole)).toBe(true)
          // One bracket of the other kind.
          const closing = [...whole.matchAll(/[}\]]/g)].map(({ index }) => index)
          const at = closing[Math.floor((closing.length * wrong) / 10)]!
          mustBe(end(whole.slice(0, at) + (whole[at] === '}' ? ']' : '}') + whole.slice(at + 1)), -1, whole)
        },
      ),
      { numRuns: 300 },
    )
  })
})

it.each(['', ' ', '"a', '"a\\', 'tru', '-', '[', '{', '{"a"', '{"a":', '[1', '[1,', 'x', ']', ':'])(
  'what ends too early is no value: %j',
  (text) => expect(endOfValue(Buffer.from(text), 0)).toBe(-1),
)

it.each([
  ['null,', 4],
  ['12}', 2],
  ['"a" "b"', 3],
  ['{} {}', 2],
  ['[1]]', 3],
])('what follows a value does not count: %j', (text, expected) =>
  expect(endOfValue(Buffer.from(text), 0)).toBe(expected),
)
