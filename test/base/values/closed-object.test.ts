// Members that a closed object has too many.
import { expect, it } from 'vitest'
import { surplusMember } from '../../../base/values/closed-object.ts'

const CLOSED = { type: 'object', properties: { scope: {}, key: {} }, additionalProperties: false }

it('names the member, the nearest known one, and all of them', () => {
  expect(surplusMember(CLOSED, { key: 'k', scop: 's' })).toBe(
    "unknown key 'scop'. Did you mean 'scope'? Known keys: scope, key.",
  )
  expect(surplusMember(CLOSED, { unlike: 1 })).toBe("unknown key 'unlike'. Known keys: scope, key.")
  expect(surplusMember({ additionalProperties: false }, { a: 1 })).toBe("unknown key 'a'. None is allowed here.")
})

it('shows no more of a long name than its beginning', () => {
  const message = surplusMember(CLOSED, { ['x'.repeat(100_000)]: 1 })
  expect(message).toBe(`unknown key '${'x'.repeat(80)}…'. Known keys: scope, key.`)
})

it.each([
  ['known members', CLOSED, { scope: 1, key: null }],
  ['no members', CLOSED, {}],
  ['names that every object has', { ...CLOSED, properties: { toString: {} } }, { toString: 1 }],
  ['anything, where the schema is open', { type: 'object', properties: {} }, { a: 1 }],
  ['anything, where there is no schema', undefined, { a: 1 }],
  ['what is no object', CLOSED, ['scop']],
  ['nothing', CLOSED, null],
])('passes %s', (_what, schema, value) => {
  expect(surplusMember(schema, value)).toBeUndefined()
})

it('does not take what every object has for a known member', () => {
  expect(surplusMember(CLOSED, JSON.parse('{"__proto__":1}'))).toContain("unknown key '__proto__'")
  expect(surplusMember(CLOSED, { toString: 1 })).toContain("unknown key 'toString'")
})
