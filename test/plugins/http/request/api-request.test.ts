// What the function behind a route gets (spec 06 A.5).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apiRequestJson, createApiRequest, readHeaders } from '../../../../plugins/http/request/api-request.ts'
import { isJsonContentType, jsonBodyText } from '../../../../plugins/http/request/json-body.ts'
import { QueryError } from '../../../../plugins/http/request/query.ts'

const PARTS = {
  method: 'GET',
  target: '/users/42?page=1&page=2',
  rawHeaders: ['Host', 'localhost:3111'],
  apiPath: 'users/:id',
  routeMethod: 'GET',
  params: { id: '42' },
}

describe('the request that a function gets', () => {
  it('has the route as it was written, and the URL as it was asked for', () => {
    expect(createApiRequest(PARTS)).toEqual({
      query_params: { page: '2' },
      path_params: { id: '42' },
      headers: { host: 'localhost:3111' },
      path: 'users/:id',
      method: 'GET',
      trigger: { type: 'http', path: 'users/:id', method: 'GET' },
      url: '/users/42?page=1&page=2',
    })
  })

  it('tells a HEAD that the route of GET answers', () => {
    expect(createApiRequest({ ...PARTS, method: 'HEAD' })).toMatchObject({ method: 'HEAD', trigger: { method: 'GET' } })
  })

  it('is none when the query can not be decoded', () => {
    expect(() => createApiRequest({ ...PARTS, target: '/users/42?a=%' })).toThrow(QueryError)
  })

  it('becomes JSON with the body as it was written', () => {
    const request = createApiRequest(PARTS)
    const channels = {
      request_body: { channel_id: 'c', access_key: 'k', direction: 'read' },
      response: { channel_id: 'd', access_key: 'l', direction: 'write' },
    } as const
    const body = '{ "id": 12345678901234567890 }'
    const json = apiRequestJson(request, body, channels)
    expect(json).toContain(`"body":${body}`)
    expect(JSON.parse(json)).toEqual({ ...request, body: JSON.parse(body) as unknown, ...channels })
    expect(JSON.parse(apiRequestJson(request, 'null'))).toEqual({ ...request, body: null })
  })
})

describe('the headers of a request', () => {
  it('have names in small letters, and of each the last value', () => {
    expect(readHeaders(['X-A', '1', 'x-a', '2', 'ACCEPT', '*/*'])).toEqual({ 'x-a': '2', accept: '*/*' })
  })

  it('are UTF-8, or empty', () => {
    const bytes = Buffer.from('Käse 😀').toString('latin1')
    expect(readHeaders(['a', bytes, 'b', 'K\u00e4se', 'c', '\u00ff'])).toEqual({ a: 'Käse 😀', b: '', c: '' })
  })

  it('may have the names of an object', () => {
    const headers = readHeaders(['__proto__', 'x', 'constructor', 'y'])
    expect(JSON.stringify(headers)).toBe('{"__proto__":"x","constructor":"y"}')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('the JSON body of a request', () => {
  it.each([
    ['application/json', true],
    ['application/json; charset=utf-8', true],
    ['text/x, application/json', true],
    ['application/JSON', false],
    ['application/vnd.api+json', false],
    ['text/plain', false],
    [undefined, false],
  ])('is looked for under %s: %s', (contentType, expected) => {
    expect(isJsonContentType(contentType)).toBe(expected)
  })

  it.each(['', ' ', '{bad', '{}{}', 'NaN', '"\u0001"', "{'a':1}"])('is null for %j', (text) => {
    expect(jsonBodyText(Buffer.from(text))).toBe('null')
  })

  it('is null when its texts are not UTF-8', () => {
    expect(jsonBodyText(Buffer.from([0x22, 0xff, 0x22]))).toBe('null')
  })

  it('is the same value as JSON.parse finds, or null', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((json) => ` ${json}\n`),
    )
    fc.assert(
      fc.property(text, (text) => {
        expect(JSON.parse(jsonBodyText(Buffer.from(text)))).toEqual(parsedOrNull(text))
      }),
    )
  })

  it('keeps large numbers', () => {
    expect(jsonBodyText(Buffer.from('[12345678901234567890]'))).toBe('[12345678901234567890]')
  })
})

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
