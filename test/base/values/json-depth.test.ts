import { expect, test } from 'vitest'
import { jsonDepth } from '../../../base/values/json-depth.ts'

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
