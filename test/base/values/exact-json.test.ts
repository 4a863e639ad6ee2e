import { expect, it } from 'vitest'
import fc from 'fast-check'
import { doubleOf, isExactNumber, parseExact, parseUnrounded } from '../../../base/values/exact-json.ts'

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
