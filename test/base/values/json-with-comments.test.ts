// JSON with comments and trailing commas, and nothing else.
import { expect, test } from 'vitest'
import { parseJsonWithComments } from '../../../base/values/json-with-comments.ts'

test.each([
  ['{"a": 1}', { a: 1 }],
  ['\uFEFF{ // one\n "a": [1, 2, /* three */ 3,], }', { a: [1, 2, 3] }],
  [
    '{"a": "no // comment /* here */", "b": "ends in a quote \\" // no,]"}',
    { a: 'no // comment /* here */', b: 'ends in a quote " // no,]' },
  ],
  ['{"a,}": ",]"}', { 'a,}': ',]' }],
  ['[1, // last,]\n]', [1]],
])('%s', (text, value) => {
  expect(parseJsonWithComments(text)).toEqual(value)
})

test.each(['', '{', '{a: 1}', "{'a': 1}", '/* open', '[1,,]'])('%s is none', (text) => {
  expect(() => parseJsonWithComments(text)).toThrow(SyntaxError)
})
