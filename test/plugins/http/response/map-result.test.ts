// What functions return as HTTP answers (spec 06 A.7), from the value and from its JSON text.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../../plugins/http/response/answer.ts'
import { mapRawResult, mapResult } from '../../../../plugins/http/response/map-result.ts'

/** By both ways, which have to agree. */
function mapped(result: unknown): Answer & { readonly invalid: readonly string[] } {
  const invalid: string[] = []
  const answer = mapResult(result, (name) => invalid.push(name))
  const ofText: string[] = []
  expect(mapRawResult(JSON.stringify(result), (name) => ofText.push(name))).toEqual(answer)
  expect(ofText).toEqual(invalid)
  return { ...answer, invalid }
}

function textOf({ body }: Answer): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString()
}

const JSON_TYPE = ['content-type', 'application/json']

describe('the answer of a result', () => {
  it('has its status, and its body as JSON', () => {
    expect(mapped({ status_code: 201, body: { a: 1 } })).toMatchObject({
      status: 201,
      headers: [JSON_TYPE],
      body: '{"a":1}',
    })
  })

  it.each([{ a: 1 }, 'x', [1], true, 7, null, {}])('is empty JSON without a body: %j', (result) => {
    expect(mapped(result)).toMatchObject({ status: 200, headers: [JSON_TYPE], body: '{}' })
  })

  it.each(['abc', 99, 1000, -1, 200.5, null, '201', true, {}, 100, 101, 199])('is 200 for the status %j', (status) => {
    expect(mapped({ status_code: status, body: 1 })).toMatchObject({ status: 200, body: '1' })
  })

  it.each([200, 299, 302, 404, 599, 999])('has the status %i', (status) => {
    expect(mapped({ status_code: status }).status).toBe(status)
  })

  it('has the status by the name that HttpResponse of Python sends, unless it has the usual one', () => {
    expect(mapped({ statusCode: 202, body: 1 })).toMatchObject({ status: 202, body: '1' })
    expect(mapped({ statusCode: 202, status_code: 404 }).status).toBe(404)
    expect(mapped({ status_code: 'abc', statusCode: 202 }).status).toBe(200)
  })

  it.each([204, 205, 304])('has neither a body nor its type with %i', (status) => {
    expect(mapped({ status_code: status, body: { a: 1 }, headers: { 'X-A': 'b' } })).toMatchObject({
      headers: [['x-a', 'b']],
      body: '',
    })
  })

  it('quotes a text without a content type', () => {
    expect(mapped({ body: 'hi' })).toMatchObject({ headers: [JSON_TYPE], body: '"hi"' })
    expect(mapped({ body: null }).body).toBe('null')
  })

  it.each([{ 'Content-Type': 'text/xml' }, ['Content-Type: text/xml'], ['content-type:text/xml ']])(
    'is the text itself with a content type: %j',
    (headers) => {
      expect(mapped({ headers, body: '<a/>' })).toMatchObject({ headers: [['content-type', 'text/xml']], body: '<a/>' })
    },
  )

  it.each(['Application/JSON; charset=utf-8', 'text/plain'])('with the content type %s', (contentType) => {
    const body = (body: unknown) => mapped({ headers: { 'content-type': contentType }, body }).body
    expect(body({ a: 1 })).toBe('{"a":1}')
    expect(body('a"b\\')).toBe('a"b\\')
    expect(body(null)).toBe('')
    expect(body(7)).toBe('7')
    expect(body(false)).toBe('false')
    expect(mapped({ headers: { 'content-type': contentType } }).body).toBe('{}')
  })

  it('is bytes for what a Buffer becomes in JSON, but not as JSON', () => {
    const body = { type: 'Buffer', data: [0, 200, 255] }
    const image = mapped({ headers: { 'content-type': 'image/png' }, body })
    expect(Buffer.from(image.body as Uint8Array)).toEqual(Buffer.from([0, 200, 255]))
    expect(mapped({ headers: { 'content-type': 'application/json' }, body }).body).toBe(JSON.stringify(body))
    expect(mapped({ body }).body).toBe(JSON.stringify(body))
  })

  it.each([
    { type: 'Buffer', data: [256] },
    { type: 'Buffer', data: [1.5] },
    { type: 'Buffer', data: 'AA==' },
    { type: 'Buffer', data: [1], more: 1 },
    { type: 'buffer', data: [1] },
    { type: 'Buffer' },
  ])('is JSON for what is no Buffer: %j', (body) => {
    expect(mapped({ headers: { 'content-type': 'image/png' }, body }).body).toBe(JSON.stringify(body))
  })
})

describe('the headers of a result', () => {
  it('may repeat as a list', () => {
    expect(mapped({ headers: ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X: a:b'], body: {} }).headers).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x', 'a:b'],
      JSON_TYPE,
    ])
  })

  it('are dropped without a name or when they are no texts', () => {
    expect(mapped({ headers: ['no colon', ': x', ' : x', 7, null], body: 1 }).headers).toEqual([JSON_TYPE])
    expect(mapped({ headers: { a: 1, b: null, c: ['x'], d: 'y' }, body: 1 }).headers).toEqual([['d', 'y'], JSON_TYPE])
    expect(mapped({ headers: 'X: y', body: 1 }).headers).toEqual([JSON_TYPE])
  })

  it('are told when they can not be sent', () => {
    const { headers, invalid } = mapped({ headers: { 'a b': 'x', c: 'd\r\ne: f', '': 'x', g: 'ok', ä: 'x', h: '\0' } })
    expect(headers).toEqual([['g', 'ok'], JSON_TYPE])
    expect(invalid).toEqual(['a b', 'c', '', 'ä', 'h'])
  })

  it('say nothing of how the answer is carried', () => {
    const { headers, invalid } = mapped({
      headers: {
        'Content-Length': '5',
        'Transfer-Encoding': 'chunked',
        Connection: 'keep-alive',
        Upgrade: 'h2c',
        'X-A': 'b',
      },
    })
    expect(headers).toEqual([['x-a', 'b'], JSON_TYPE])
    expect(invalid).toEqual([])
  })

  it('of one name in several spellings are one, the last', () => {
    expect(mapped({ headers: { 'X-A': '1', 'x-a': '2' } }).headers).toEqual([['x-a', '2'], JSON_TYPE])
    expect(mapped({ headers: ['Content-Type: a/b', 'content-type: c/d'], body: 'x' })).toMatchObject({
      headers: [['content-type', 'c/d']],
      body: 'x',
    })
  })

  it('are UTF-8 on the wire', () => {
    const { headers, body } = mapped({ headers: { 'x-a': 'Käse' }, body: 'ä' })
    expect(Buffer.from(headers[0]![1], 'latin1').toString()).toBe('Käse')
    expect(body).toEqual(Buffer.from('"ä"'))
  })

  it('may have the names of an object', () => {
    const headers = JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown
    expect(mapped({ headers }).headers).toEqual([['__proto__', 'x'], ['constructor', 'y'], JSON_TYPE])
    expect(mapRawResult('{"__proto__":{"status_code":500,"body":1}}')).toMatchObject({ status: 200, body: '{}' })
    expect(mapResult(JSON.parse('{"__proto__":{"status_code":500,"body":1}}'))).toMatchObject({
      status: 200,
      body: '{}',
    })
  })
})

describe('the text of a result', () => {
  it('keeps the body as it was written', () => {
    const body = '{ "id" : 12345678901234567890, "x":[1.0e400] }'
    expect(mapRawResult(`{"status_code":201,"body":${body}}`)).toMatchObject({ status: 201, body })
    expect(mapRawResult(`{"headers":{"content-type":"text/x"},"body":${body}}`).body).toBe(body)
  })

  it.each(['{"status_code":201.0}', '{"status_code":2.01e2}', '{"status\\u005fcode":201}'])(
    'is read as JSON: %s',
    (json) => {
      expect(mapRawResult(json)).toEqual(mapResult(JSON.parse(json)))
      expect(mapRawResult(json).status).toBe(201)
    },
  )

  it('has the last of members with one name', () => {
    const json = '{"body":1,"status_code":300,"b\\u006fdy":2,"status_code":201}'
    expect(mapRawResult(json)).toEqual(mapResult(JSON.parse(json)))
    expect(mapRawResult(json)).toMatchObject({ status: 201, body: '2' })
  })

  it.each(['{"body":"x', '{"body":{"a":1', '{"body":"\\"'])('that ends too early is an error: %s', (json) => {
    expect(() => mapRawResult(json)).toThrow(SyntaxError)
  })

  it.each(['a', 'ä', '😀', '\ud800'])('is found in a long one as well, of %j', (letter) => {
    const body = Array.from({ length: 700 }, (_, index) => ({ [`${letter}"]`]: index, [letter]: [`\\${letter}`] }))
    const headers = { 'x-a': 'b' }
    expect(mapped({ body, status_code: 201, headers, more: [letter] })).toMatchObject({
      status: 201,
      body: JSON.stringify(body),
    })
    expect(() => mapRawResult(`{"body":${JSON.stringify(body).slice(0, -1)}`)).toThrow(SyntaxError)
  })

  it('gives the answer of the parsed result', () => {
    const header = fc.oneof(
      fc.constantFrom('content-type', 'Content-Type', 'X-A', '__proto__', 'connection'),
      fc.string(),
    )
    const value = fc.oneof(fc.constantFrom('text/plain', 'application/json', 'a\nb'), fc.string(), fc.integer())
    const headers = fc.oneof(
      fc.dictionary(header, value),
      fc.array(
        fc.oneof(
          fc.tuple(header, value).map(([name, value]) => `${name}: ${value}`),
          fc.jsonValue(),
        ),
      ),
      fc.jsonValue(),
    )
    const body = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', 'a', 'ä', '\u0000') }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toJSON()),
    )
    const result = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          status_code: fc.oneof(fc.integer({ min: 90, max: 1010 }), fc.jsonValue()),
          headers,
          body,
          more: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(result, fc.constantFrom(undefined, 1, '\t\n '), (result, space) => {
        const compact = JSON.stringify(result)
        const expected = mapResult(JSON.parse(compact))
        expect(mapRawResult(compact)).toEqual(expected)
        const spaced = mapRawResult(` ${JSON.stringify(result, null, space)}\n`)
        expect({ ...spaced, body: sense(spaced) }).toEqual({ ...expected, body: sense(expected) })
      }),
      { numRuns: 2000 },
    )
  })
})

/** A body without its white space, where it is JSON. */
function sense(answer: Answer): unknown {
  try {
    return JSON.parse(textOf(answer))
  } catch {
    return textOf(answer)
  }
}
