// Compressed answers.
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  Compression,
  ENCODINGS,
  MAX_AT_ONCE,
  MAX_COMPRESSED_BYTES,
} from '../../../../plugins/http/extras/compression.ts'
import { headerOf, type Answer, type HeaderList } from '../../../../plugins/http/response/answer.ts'

const TEXT = 'äbc'.repeat(1000)
const VARY = ['vary', 'accept-encoding']

function answerOf(type: string, body: string | Uint8Array = TEXT, headers: HeaderList = []): Answer {
  return { status: 200, headers: [['content-type', type], ...headers], body }
}

function compression(): Compression {
  return new Compression({ minBytes: 100, encodings: ENCODINGS })
}

describe('an answer', () => {
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ] as const)('is compressed by %s, texts and bytes alike', async (encoding, decompress) => {
    for (const body of [TEXT, Buffer.from(TEXT)]) {
      const sent = await compression().compress(answerOf('application/json', body), encoding)
      expect(sent.headers).toEqual([['content-type', 'application/json'], VARY, ['content-encoding', encoding]])
      expect(decompress(sent.body).toString()).toBe(TEXT)
      expect(sent.body.length).toBeLessThan(TEXT.length)
    }
  })

  it.each([
    'text/html; charset=utf-8',
    'application/problem+json',
    'image/svg+xml',
    'APPLICATION/JSON',
    'application/xml',
  ])('of the type %s is', async (type) => {
    expect(headerOf((await compression().compress(answerOf(type), 'gzip')).headers, 'content-encoding')).toBe('gzip')
  })

  it.each([
    answerOf('image/png'),
    answerOf('text/event-stream'),
    answerOf('application/octet-stream'),
    answerOf('text/plain', TEXT, [['content-encoding', 'br']]),
    answerOf('text/plain', TEXT, [['cache-control', 'public, no-transform']]),
    { ...answerOf('text/plain'), status: 206 },
    { status: 200, headers: [], body: TEXT } as Answer,
  ])('that may not be compressed stays as it is: %#', (answer) => {
    expect(compression().compress(answer, 'gzip')).toBe(answer)
  })

  it.each([
    [answerOf('text/plain'), undefined],
    [answerOf('text/plain'), 'identity'],
    [answerOf('text/plain', 'x'.repeat(99)), 'gzip'],
    [answerOf('text/plain', 'x'.repeat(MAX_COMPRESSED_BYTES + 1)), 'gzip'],
  ])('that could have been compressed says so to caches: %#', (answer, accepted) => {
    expect(compression().compress(answer, accepted)).toEqual({ ...answer, headers: [...answer.headers, VARY] })
  })

  it('that gets no smaller is sent plain', async () => {
    const noise = crypto.getRandomValues(new Uint8Array(500))
    const answer = answerOf('text/plain', noise)
    expect(await compression().compress(answer, 'gzip')).toEqual({ ...answer, headers: [...answer.headers, VARY] })
  })

  it('has a tag of its own in each coding', async () => {
    const sent = await compression().compress(answerOf('text/plain', TEXT, [['etag', '"x"']]), 'br')
    expect(headerOf(sent.headers, 'etag')).toBe('"x-br"')
  })

  it('that a client has already may have been compressed', () => {
    const answer: Answer = { status: 304, headers: [['etag', '"x"']], body: '' }
    expect(compression().compress(answer, 'gzip')).toEqual({ ...answer, headers: [...answer.headers, VARY] })
  })

  it('is compressed only as long as not too many are', async () => {
    const busy = compression()
    const first = Array.from({ length: MAX_AT_ONCE }, () => busy.compress(answerOf('text/plain'), 'gzip'))
    const beyond = busy.compress(answerOf('text/plain'), 'gzip')
    expect(beyond).toEqual(answerOf('text/plain', TEXT, [VARY as [string, string]]))
    for (const sent of await Promise.all(first)) expect(headerOf(sent.headers, 'content-encoding')).toBe('gzip')
    const later = await busy.compress(answerOf('text/plain'), 'gzip')
    expect(headerOf(later.headers, 'content-encoding')).toBe('gzip')
  })
})
