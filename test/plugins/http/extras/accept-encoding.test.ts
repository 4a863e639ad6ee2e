// Which coding a client is sent.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chooseEncoding } from '../../../../plugins/http/extras/accept-encoding.ts'

const OFFERED = ['zstd', 'br', 'gzip'] as const

it.each([
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', undefined],
  ['identity', undefined],
  ['*', 'zstd'],
  ['*;q=0', undefined],
  ['gzip;q=0', undefined],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['br ; q=0.8 , gzip;Q=0.8', 'br'],
  ['zstd;q=0, *', 'br'],
  ['gzip;q=0.5, identity', undefined],
  ['gzip;q=0.5, identity;q=0.4', 'gzip'],
  ['gzip;q=x', undefined],
  ['gzip;q=2', undefined],
  ['gzip;q=', undefined],
  ['gzip;q=-1', undefined],
  [',,;q=1, gzip', 'gzip'],
])('%j: %s', (header, expected) => {
  expect(chooseEncoding(header, OFFERED)).toBe(expected)
})

it('is one that is offered, whatever a client says', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('gzip', 'br;q=0.1', '*'), (junk, item) => {
      for (const header of [junk, `${junk},${item}`, `${item};${junk}`])
        expect([undefined, 'br']).toContain(chooseEncoding(header, ['br']))
    }),
  )
})
