// The check of a whole value, by both ways, against JSON.parse: on random values, on damaged ones, and around the ends of blocks and pieces.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkShortBrackets } from '../../../protocol/scanner/check-short.ts'
import { endOfValue } from '../../../protocol/scanner/check-value.ts'
import { randomJson } from './random-frame.ts'

/** Behind the value, so that it counts as long. */
const TAIL = ` ,"tail":[${'"]}",'.repeat(100)}0]}`

/** As expect(found).toBe(wanted), a hundred times as fast: here are a hundred thousand of them. */
function mustBe(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${String(found)} instead of ${String(wanted)} for ${what}`)
}

/** Where the value ends, -1 = nowhere, found by both ways where there are two; they have to agree. */
function end(value: string): number {
  const alone = Buffer.from(value)
  const amongOthers = Buffer.concat([alone, Buffer.from(TAIL)])
  const found = endOfValue(alone, 0)
  if ('{['.includes(value[0] ?? '')) {
    mustBe(checkShortBrackets(alone, 0), found, value)
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

describe('the ends of pieces', () => {
  // Pieces end at 1024 bytes and then every 32 KiB.
  it.each([1024, 33_792, 66_560])('make no difference after %i bytes', (bytes) => {
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

describe('nesting', () => {
  it.each([63, 64, 65, 1_000, 32_000, 33_000, 200_000])('of %i levels is followed', (depth) => {
    const opens = '{"a":['.repeat(depth / 2)
    const value = `${opens}${']}'.repeat(depth / 2)}`
    expect(end(value)).toBe(value.length)
    expect(end(`${opens}${']]'.repeat(depth / 2)}`)).toBe(-1)
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
