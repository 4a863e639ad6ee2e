import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closestName, didYouMean, editDistance, unknownKey } from '../../../base/values/closest-name.ts'

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['port', 'prot', 1],
])('%o and %o are %i edits apart', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
})

test('the distance is the same in both directions and bounded by the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})

test.each([
  ['iii-stat', 'iii-state'],
  ['III-STATE', 'iii-state'],
  ['htpt', 'http'],
  ['wholly-different', undefined],
  ['x', undefined],
])('closest to %s is %s', (name, expected) => {
  expect(closestName(name, ['iii-state', 'iii-stream', 'http'])).toBe(expected)
})

test('the closest is the one with the fewest edits, whatever is passed over unseen', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'š', ':'), maxLength: 8 })
  fc.assert(
    fc.property(word, fc.array(word), (name, candidates) => {
      const most = Math.max(1, Math.floor(name.length / 3))
      const others = candidates.filter((candidate) => candidate !== name)
      const fewest = Math.min(...others.map((candidate) => editDistance(name, candidate)))
      const expected = others.find((candidate) => editDistance(name, candidate) === fewest)
      expect(closestName(name, candidates)).toBe(fewest <= most ? expected : undefined)
    }),
  )
})

test('a name is no suggestion for itself, and no suggestion is no text', () => {
  expect(didYouMean('http', ['http'])).toBe('')
  expect(didYouMean('htp', ['http'])).toBe(" Did you mean 'http'?")
})

test('of an unknown key the one known key is suggested that goes on as it begins', () => {
  const known = ['on_function_registration_function_id', 'on_trigger_registration_function_id', 'port']
  expect(unknownKey('on_function_registration', known)).toContain(
    "Did you mean 'on_function_registration_function_id'?",
  )
  expect(unknownKey('on_', known)).not.toContain('Did you mean')
  expect(unknownKey('pert', known)).toContain("Did you mean 'port'?")
})
