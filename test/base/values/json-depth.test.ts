import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonDepth, nestsDeeperThan } from '../../../base/values/json-depth.ts'

test.each([
  ['1', 0],
  ['"[[["', 0],
  ['[]', 1],
  ['{"a":[{"b":1},[]]}', 3],
  ['["\\"[[", {"]":"\\\\"}]', 2],
  ['[[],[[]],[]]', 3],
])('%s nests %i levels', (text, depth) => {
  expect(jsonDepth(Buffer.from(text))).toBe(depth)
})

test.each([0, 1, 2, 5, 20])('A text nests deeper than %i levels exactly if its depth is larger', (most) => {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 8 },
      fc.string(),
      fc.integer(),
      fc.array(tie('tree')),
      fc.dictionary(fc.string(), tie('tree')),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const text = Buffer.from(JSON.stringify({ value, brackets: '{[{["\\' }))
      expect(nestsDeeperThan(text, most)).toBe(jsonDepth(text) > most)
    }),
  )
})
