// Heads that proxies and the server may read in different ways.
import { describe, expect, it } from 'vitest'
import { headRefusal, type RequestHead } from '../../../../plugins/http/request/head-refusal.ts'

function head(
  headers: readonly (readonly [string, string])[],
  httpVersionMajor = 1,
  httpVersionMinor = 1,
): RequestHead {
  const byName: Record<string, string> = {}
  // As Node has them: the first of two hosts counts.
  for (const [name, value] of headers) byName[name.toLowerCase()] ??= value
  return { httpVersionMajor, httpVersionMinor, headers: byName, rawHeaders: headers.flat() }
}

describe('a request is served', () => {
  it.each([
    ['with a name', [['Host', 'example.com']]],
    ['with a name and a port', [['host', 'my_service-1.example.com:8080']]],
    ['with an address of IPv4', [['Host', '127.0.0.1:3111']]],
    ['with an address of IPv6', [['HOST', '[::1]:3111']]],
    ['with an empty host', [['Host', '']]],
    [
      'with headers as long as the name of Host',
      [
        ['Host', 'a'],
        ['Ghost', 'b'],
        ['Date', 'c'],
        ['Vary', 'd'],
      ],
    ],
    [
      'in chunks',
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'chunked'],
      ],
    ],
    [
      'in chunks, in capitals',
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'Chunked'],
      ],
    ],
  ] as const)('%s', (_how, headers) => {
    expect(headRefusal(head(headers))).toBeUndefined()
  })

  it('of HTTP/1.0 without a host', () => {
    expect(headRefusal(head([], 1, 0))).toBeUndefined()
  })
})

describe('a request is refused', () => {
  it.each([
    [
      'of another encoding',
      501,
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'xchunked'],
      ],
      '"xchunked"',
    ],
    [
      'that is packed and in chunks',
      501,
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'gzip, chunked'],
      ],
      'Content-Encoding',
    ],
    [
      'with two hosts',
      400,
      [
        ['Host', 'a'],
        ['host', 'b'],
      ],
      'more than one Host',
    ],
    [
      'with one host twice',
      400,
      [
        ['Host', 'a'],
        ['HOST', 'a'],
      ],
      'more than one Host',
    ],
    ['with a path in its host', 400, [['Host', 'a/b']], '"a/b"'],
    ['with a user in its host', 400, [['Host', 'me@a']], '"me@a"'],
    ['with a blank in its host', 400, [['Host', 'a b']], '"a b"'],
  ] as const)('%s', (_which, status, headers, message) => {
    expect(headRefusal(head(headers))).toMatchObject({ status, message: expect.stringContaining(message) })
  })

  it('of HTTP/0.9', () => {
    expect(headRefusal(head([], 0, 9))).toMatchObject({ status: 505 })
  })

  it('of HTTP/1.0 with Transfer-Encoding', () => {
    expect(headRefusal(head([['Transfer-Encoding', 'chunked']], 1, 0))).toMatchObject({ status: 400 })
  })

  it('and shows no more than the beginning of a long value', () => {
    const refusal = headRefusal(head([['Host', `${'a'.repeat(5_000)}/`]]))
    expect(refusal?.message.length).toBeLessThan(200)
  })
})
