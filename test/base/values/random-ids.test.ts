import { expect, test } from 'vitest'
import { randomId } from '../../../base/values/random-ids.ts'

test('ids are UUIDs of version 4, and none comes twice, also when new random bytes are drawn', () => {
  const ids = Array.from({ length: 2_000 }, randomId)
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(new Set(ids).size).toBe(ids.length)
  // Each of the other digits takes each value.
  for (const at of [0, 9, 16, 21, 35]) expect(new Set(ids.map((id) => id[at])).size).toBe(16)
})
