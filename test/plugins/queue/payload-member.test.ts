import fc from 'fast-check'
import { expect, test } from 'vitest'
import { payloadMember } from '../../../plugins/queue/payload-member.ts'

test('reads what JSON.parse reads', () => {
  const name = fc.oneof(fc.constantFrom('a', 'é', 'with "quotes"', '', 'n'), fc.string())
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.array(fc.tuple(name, fc.jsonValue())),
      name,
      fc.nat(3),
      (other, members, wanted, indent) => {
        for (const value of [other, Object.fromEntries(members)]) {
          const json = JSON.stringify(value, null, indent)
          const parsed: unknown = JSON.parse(json)
          const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
          const expected = isObject && Object.hasOwn(parsed, wanted) ? (parsed as never)[wanted] : undefined
          expect(payloadMember(json, wanted)).toEqual(expected)
        }
      },
    ),
  )
})

test.each([
  ['{"\\u0067":"escaped"}', 'escaped'],
  ['{"g":1,"g":2}', 2],
  [' { "x" : {"g":1} , "g" : null } ', null],
  ['{"x":"\\"g\\":1","G":1}', undefined],
  ['{}', undefined],
])('of %s', (json, expected) => {
  expect(payloadMember(json, 'g')).toEqual(expected)
})
