import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesWildcard } from '../../../base/values/wildcard.ts'

describe('matchesWildcard', () => {
  it.each([
    ['api::*::read', 'api::a::b::read', true],
    ['ab*bc', 'abc', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['a::b', 'a::b', true],
    ['a::b', 'a::bc', false],
    ['a*', 'A', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'axxcyyb', false],
    ['**', 'x', true],
  ])('%s against %s is %s', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected)
  })

  it('agrees with the regular expression of the same meaning', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*'), maxLength: 6 })
    fc.assert(
      fc.property(pattern, word, (wildcard, text) => {
        const expression = new RegExp(`^${wildcard.replaceAll('*', '[^]*')}$`)
        return matchesWildcard(wildcard, text) === expression.test(text)
      }),
      { numRuns: 500 },
    )
  })
})
