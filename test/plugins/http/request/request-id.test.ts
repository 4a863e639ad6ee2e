// Ids of requests.
import { expect, it } from 'vitest'
import { MAX_REQUEST_ID_LENGTH, requestIdOf } from '../../../../plugins/http/request/request-id.ts'

it.each([
  'a',
  '01HXYZ',
  'Root=1-67891233-abcdef012345678912345678',
  'a.b:c/d+e=f@g_h-i',
  'x'.repeat(MAX_REQUEST_ID_LENGTH),
])('of a client is taken: %s', (id) => {
  expect(requestIdOf(id)).toBe(id)
})

it.each([undefined, '', 'a b', 'a\nb', '"', 'ä', '{}', 'x'.repeat(MAX_REQUEST_ID_LENGTH + 1)])(
  'is made for %j',
  (given) => {
    expect(requestIdOf(given)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(requestIdOf(given)).not.toBe(requestIdOf(given))
  },
)
