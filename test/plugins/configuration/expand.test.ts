// Placeholders in stored values (spec 04 A.4, A.9.4).
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { JsonValue } from '../../../base/values/json-value.ts'
import { expand, oddPlaceholders } from '../../../plugins/configuration/expand.ts'
import { readYamlScalar } from '../../../plugins/configuration/yaml-scalar.ts'

const env = { P: '3111', EMPTY: '', TEXT: 'a b', TRUE: 'true', QUOTED: '"3111"', LIST: '[1]', PLAIN: '${P}' }
const options = { env, engineVersion: '9.8.7' }
const expanded = (value: JsonValue) => expand(value, options).value

test.each([
  ['${P}', 3111],
  ['${P:1}', 3111],
  [' ${P} ', 3111],
  ['${F:true}', true],
  ['${F:null}', null],
  ['${F:}', ''],
  ['${EMPTY:default}', ''],
  ['${EMPTY}', ''],
  ['${TEXT}', 'a b'],
  ['${QUOTED}', '3111'],
  ['${LIST}', '[1]'],
  ['port ${P}', 'port 3111'],
  ['${P}${P}', '31113111'],
  ['${U:redis://h:6379}', 'redis://h:6379'],
  ['${V:__III_ENGINE_VERSION__}', '9.8.7'],
  ['$P and ${P', '$P and ${P'],
  ['${}', '${}'],
  // What a variable holds is not expanded again.
  ['${PLAIN}', '${P}'],
])('%j gives %j', (text, value) => {
  expect(expand(text, options)).toMatchObject({ value, missing: [] })
})

test('Strings are expanded wherever they stand; keys are not', () => {
  const value = { '${P}': ['${P}', { deep: 'x${P}' }, 5, null], n: 1 }
  expect(expand(value, options)).toEqual({
    value: { '${P}': [3111, { deep: 'x3111' }, 5, null], n: 1 },
    missing: [],
    dynamic: true,
  })
})

test('Missing variables are named once each, in order; their strings stay', () => {
  const value = ['${B} ${A}', '${A}', '${P} ${C}', '${P}']
  expect(expand(value, options)).toEqual({
    value: ['${B} ${A}', '${A}', '${P} ${C}', 3111],
    missing: ['B', 'A', 'C'],
    dynamic: true,
  })
})

test('A value without placeholders comes back itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const value = JSON.parse(JSON.stringify(json).replaceAll('$', '')) as JsonValue
      expect(expand(value, options)).toEqual({ value, missing: [], dynamic: false })
      expect(expanded(value)).toBe(value)
    }),
  )
})

test('A variable named like a member of every object is not set', () => {
  expect(expand('${constructor} ${__proto__}', options).missing).toEqual(['constructor', '__proto__'])
  expect(expanded(JSON.parse('{"__proto__":"${P}"}') as JsonValue)).toEqual(JSON.parse('{"__proto__":3111}'))
})

/** Whole numbers beyond these stay text, see below. */
const isExact = (number: number): boolean => !Number.isInteger(number) || Number.isSafeInteger(number)

test('Numbers, truth values and null are typed as YAML types them', () => {
  const plain = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter(isExact).map(String),
    fc.constantFrom(
      'true',
      'True',
      'FALSE',
      'null',
      '~',
      '0x1f',
      '0o17',
      '+5',
      '-.5',
      '1.',
      '007',
      "'q'",
      '"q"',
      'no',
      'x',
    ),
  )
  fc.assert(fc.property(plain, (text) => void expect(readYamlScalar(text)).toEqual(parse(text))))
})

test.each(['123456789012345678901', '9007199254740992', '1e999', 'p#ss: [word]', 'a #b', '"unclosed', '.inf'])(
  'The text %j stays as it is',
  (text) => expect(readYamlScalar(text)).toBe(text),
)

test('A lone placeholder stays the text that it stands for where the schema takes a text', () => {
  const schema = {
    type: 'object',
    properties: {
      pin: { type: 'string' },
      port: { type: 'integer' },
      list: { type: 'array', items: { type: 'string' } },
    },
  }
  const value = { pin: '${PIN}', port: '${P}', list: ['${VERSION}'], free: '${PIN}' }
  const zeros = { env: { ...env, PIN: '01234', VERSION: '1.10' }, engineVersion: '' }
  expect(expand(value, zeros, schema).value).toEqual({ pin: '01234', port: 3111, list: ['1.10'], free: 1234 })
})

test('A default in the manner of a shell is told, wherever it stands', () => {
  expect(oddPlaceholders({ a: ['${A:-v}'], b: { c: 'x ${B:y} ${C:=z}' }, d: 5, e: null })).toEqual([
    expect.stringContaining('${A:-v} gives "-v"'),
    expect.stringContaining('${C:=z} gives "=z"'),
  ])
})
