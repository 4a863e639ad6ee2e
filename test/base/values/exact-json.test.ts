import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { canonicalJson } from '../../../base/values/canonical-json.ts'
import {
  doubleOf,
  equalsRounded,
  isExactNumber,
  parseExact,
  parseUnrounded,
  parseWithMetadata,
} from '../../../base/values/exact-json.ts'

it.each(['12345678901234567890', '-9007199254740993', '1.10', '-0', '1e400', '0.10000000000000000555'])(
  'parseExact keeps the number %s as it was written',
  (number) => {
    const text = `{"a":[${number}],"__proto__":${number}}`
    expect(JSON.stringify(parseExact(text))).toBe(text)
  },
)

it('parseUnrounded never rounds, and is JSON.parse for all that a double holds', () => {
  const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String)
  const fraction = fc
    .tuple(whole, fc.nat(), fc.integer({ min: -400, max: 400 }))
    .map((parts) => `${parts[0]}.${parts[1]}e${parts[2]}`)
  fc.assert(
    fc.property(fc.oneof(whole, fraction), (number) => {
      const [value] = parseUnrounded(`[${number}]`) as [unknown]
      if (isExactNumber(value)) expect(value.rawJSON).toBe(number)
      else if (/^-?\d+$/.test(number)) expect(BigInt(value as number)).toBe(BigInt(number))
      else expect(Number.isFinite(value)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.json({ depthSize: 'small' }), (text) => {
      const value = parseUnrounded(text)
      expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(text))
    }),
  )
})

it('doubleOf tells numbers of both kinds from everything else', () => {
  const [big] = parseExact('[9007199254740993]') as [unknown]
  expect([doubleOf(1), doubleOf(big), doubleOf('1'), doubleOf(null), doubleOf({ rawJSON: '1' })]).toEqual([
    1,
    9007199254740992,
    undefined,
    undefined,
    undefined,
  ])
})

it('parseWithMetadata keeps the numbers of the metadata, and gives doubles for all others', () => {
  const text = '{"metadata":[9007199254740993,1e400],"config":{"metadata":9007199254740993},"list":[9007199254740993]}'
  const { metadata, ...others } = parseWithMetadata(text) as Record<string, unknown>
  expect(JSON.stringify(metadata)).toBe('[9007199254740993,1e400]')
  expect(others).toEqual({ config: { metadata: 9007199254740992 }, list: [9007199254740992] })
  for (const plain of ['null', '[9007199254740993]', '{"n":9007199254740993}', '{"metadata":"9007199254740993"}']) {
    expect(parseWithMetadata(plain)).toEqual(JSON.parse(plain))
  }
})

it('equalsRounded is the equality of what JSON.parse makes of both', () => {
  const json = fc.json({ depthSize: 'small', maxDepth: 2 })
  fc.assert(
    fc.property(json, json, (one, other) => {
      for (const [text, plain] of [
        [one, one],
        [one, other],
      ] as const) {
        const expected = isDeepStrictEqual(JSON.parse(text), JSON.parse(plain))
        expect(equalsRounded(parseExact(text), JSON.parse(plain))).toBe(expected)
      }
    }),
  )
  const value = parseExact('{"a":[9007199254740993,1.50]}')
  expect(equalsRounded(value, { a: [9007199254740992, 1.5] })).toBe(true)
  expect(equalsRounded(value, { a: [9007199254740994, 1.5] })).toBe(false)
  expect(equalsRounded(value, { a: [{ rawJSON: '9007199254740993' }, 1.5] })).toBe(false)
})

describe('canonicalJson of exact numbers', () => {
  const canonical = (number: string): string => canonicalJson(parseExact(`{"n":${number}}`))

  it.each([
    ['9007199254740993', '9007199254740993.0', '9.007199254740993e15', '9007199254740993000E-3'],
    ['1e400', '1E+400', '10e399', '1.0e400', '0.01e402'],
    ['1.50', '1.5', '15e-1', '0.15E1'],
    ['0', '-0', '0.000', '0e999'],
    ['-12345678901234567890.5', '-123456789012345678905e-1'],
  ])('is equal for ways to write one: %s', (...ways) => {
    expect(new Set(ways.map(canonical)).size).toBe(1)
  })

  it('differs for numbers that are equal once they are rounded, and for null', () => {
    const numbers = [
      '9007199254740993',
      '9007199254740992',
      '1e400',
      '1e401',
      '-1e400',
      '1e-400',
      '0',
      'null',
      '"1e400"',
    ]
    expect(new Set(numbers.map(canonical)).size).toBe(numbers.length)
  })

  it('is that of JSON.parse for all that a double holds', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'small' }), (text) => {
        expect(canonicalJson(parseExact(text))).toBe(canonicalJson(JSON.parse(text)))
      }),
    )
  })

  it('takes numbers of any length', () => {
    const long = `1${'0'.repeat(200_000)}1`
    expect(canonical(`${long}e1`)).toBe(canonical(`${long}0`))
    expect(canonical(`1e${'9'.repeat(200_000)}`)).toContain('999')
  })
})
