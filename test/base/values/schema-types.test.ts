// Where a schema takes a text and not the number that the text looks like.
import { describe, expect, test } from 'vitest'
import { takesTextInstead } from '../../../base/values/schema-types.ts'

const TEXT = { type: 'string' }
const schema = {
  type: 'object',
  properties: {
    text: TEXT,
    orNull: { type: ['string', 'null'] },
    orNumber: { type: ['string', 'integer'] },
    port: { type: 'integer' },
    ratio: { type: 'number' },
    mode: { enum: ['a', 'b'] },
    only: { const: 'x' },
    anything: {},
    list: { type: 'array', items: TEXT },
    pair: { type: 'array', items: [{ type: 'integer' }, TEXT] },
    map: { type: 'object', additionalProperties: TEXT },
    referred: { $ref: '#/definitions/text' },
    circle: { $ref: '#/definitions/circle' },
    elsewhere: { $ref: 'https://example.com/schema' },
    either: { oneOf: [{ properties: { a: TEXT } }, { properties: { b: { type: 'integer' } } }] },
    open: { anyOf: [TEXT, {}] },
    both: { allOf: [{ properties: { a: TEXT } }, { required: ['a'] }] },
  },
  definitions: { text: TEXT, circle: { $ref: '#/definitions/circle' } },
}

describe('a text is wanted', () => {
  test.each([
    ['text', 1],
    ['text', true],
    ['text', null],
    ['text', 1.1],
    ['orNull', 1],
    ['mode', 1],
    ['only', 1],
    ['list/0', 1],
    ['pair/1', 1],
    ['map/any', 1],
    ['referred', 1],
    ['either/a', 1],
    ['both/a', 1],
  ])('at %s instead of %j', (path, value) => {
    expect(takesTextInstead(schema, path.split('/'), value)).toBe(true)
  })
})

describe('the value is as good', () => {
  test.each([
    ['orNull', null],
    ['orNumber', 1],
    ['port', 1],
    ['ratio', 1],
    ['anything', 1],
    ['pair/0', 1],
    ['either/b', 1],
    ['open', 1],
    ['unknown', 1],
    ['unknown/deep', 1],
    ['circle', 1],
    ['elsewhere', 1],
  ])('at %s: %j', (path, value) => {
    expect(takesTextInstead(schema, path.split('/'), value)).toBe(false)
  })
})
