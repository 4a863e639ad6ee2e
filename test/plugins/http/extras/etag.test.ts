// Entity tags, and answers that a client has already.
import { describe, expect, it } from 'vitest'
import { codedTag, MAX_TAGGED_BYTES, tagged } from '../../../../plugins/http/extras/etag.ts'
import { headerOf, type Answer } from '../../../../plugins/http/response/answer.ts'

const ANSWER: Answer = { status: 200, headers: [['content-type', 'application/json']], body: '{"a":1}' }

function tagOf(answer: Answer, method = 'GET'): string | undefined {
  return headerOf(tagged(answer, { method, ifNoneMatch: undefined }).headers, 'etag')
}

function asked(ifNoneMatch: string, answer = ANSWER, method = 'GET'): Answer {
  return tagged(answer, { method, ifNoneMatch })
}

const tag = tagOf(ANSWER)!

describe('a tag', () => {
  it('is strong, and the same for the same bytes alone', () => {
    expect(tag).toMatch(/^"[\w-]{22}"$/)
    expect(tagOf({ ...ANSWER, body: Buffer.from('{"a":1}') }, 'HEAD')).toBe(tag)
    expect(tagOf({ ...ANSWER, body: '{"a":2}' })).not.toBe(tag)
  })

  it.each([
    ['of a POST', ANSWER, 'POST'],
    ['of a 404', { ...ANSWER, status: 404 }, 'GET'],
    ['of what no cache may keep', { ...ANSWER, headers: [['cache-control', 'private, no-store']] }, 'GET'],
    ['of what is too large', { ...ANSWER, body: 'x'.repeat(MAX_TAGGED_BYTES + 1) }, 'GET'],
  ] as [string, Answer, string][])('is not made %s', (_what, answer, method) => {
    expect(tagged(answer, { method, ifNoneMatch: '*' })).toBe(answer)
  })

  it('of the function itself is kept', () => {
    const own: Answer = { ...ANSWER, headers: [['etag', 'W/"v1"']] }
    expect(asked('"other"', own)).toBe(own)
    expect(asked('"v1"', own)).toEqual({ status: 304, headers: [['etag', '"v1"']], body: '' })
  })

  it('differs from that of the same content in a coding', () => {
    expect(codedTag('"x"', 'br')).toBe('"x-br"')
    expect(codedTag('W/"x"', 'br')).toBe('W/"x"')
  })
})

describe('a client that has the answer', () => {
  it.each([tag, `W/${tag}`, `"a", ${tag}`, codedTag(tag, 'br'), codedTag(tag, 'zstd')])('is told so: %s', (header) => {
    const answer: Answer = {
      ...ANSWER,
      headers: [...ANSWER.headers, ['cache-control', 'no-cache'], ['vary', 'origin']],
    }
    expect(asked(header, answer)).toEqual({
      status: 304,
      headers: [
        ['cache-control', 'no-cache'],
        ['vary', 'origin'],
        ['etag', header.slice(header.search(/(W\/)?"[^"]*"$/))],
      ],
      body: '',
    })
    expect(asked(header, ANSWER, 'HEAD').status).toBe(304)
  })

  it('may mean any', () => {
    expect(asked(' * ')).toEqual({ status: 304, headers: [['etag', tag]], body: '' })
  })

  it.each(['"other"', tag.slice(1, -1), '', '""', codedTag(tag, 'other'), '"', `"${tag}`])(
    'is not one with %s',
    (header) => {
      expect(asked(header).status).toBe(200)
    },
  )
})
