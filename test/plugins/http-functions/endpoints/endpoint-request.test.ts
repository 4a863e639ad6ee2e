// What becomes of the payload of a configured endpoint.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpointRequest } from '../../../../plugins/http-functions/endpoints/endpoint-request.ts'
import { PathTemplate } from '../../../../plugins/http-functions/endpoints/path-template.ts'

const made = (path: string, payload: 'body' | 'query', json: string) =>
  endpointRequest(new PathTemplate(path), payload, json)

describe('a path', () => {
  test.each([
    ['/orders/:id', '{"id":7}', '/orders/7'],
    ['/orders/{id}/lines/{line}', '{"id":"a b","line":true}', '/orders/a%20b/lines/true'],
    ['/orders/:id.json', '{"id":"x/../y?z#"}', '/orders/x%2F..%2Fy%3Fz%23.json'],
    ['/o/:id', '{"id":12345678901234567890}', '/o/12345678901234567890'],
    ['/o/:id', '{"id":"\\ud800"}', '/o/%EF%BF%BD'],
    ['/a:b/::c', '{"b":1,"c":2}', '/a1/:2'],
  ])('%s with %s', (path, json, expected) => {
    expect(made(path, 'query', json).path).toBe(expected)
  })

  test.each([
    ['{}', 'undefined'],
    ['null', 'undefined'],
    ['{"id":""}', '""'],
    ['{"id":".."}', '".."'],
    ['{"id":"."}', '"."'],
    ['{"id":null}', 'null'],
    ['{"id":{"a":1}}', '{"a":1}'],
    ['{"__proto__":{"id":1}}', 'undefined'],
  ])('has no place for %s', (json, shown) => {
    expect(() => made('/orders/:id', 'body', json)).toThrow(
      expect.objectContaining({
        code: 'deserialization_error',
        message: `the path /orders/:id needs the member 'id' as a text, a number or a truth value, not ${shown}`,
      }),
    )
  })

  test('needs an object', () => {
    expect(() => made('/orders/:id', 'body', '[1]')).toThrow('the payload must be an object, not [1]')
  })

  test('is never left by what is put into it', () => {
    const template = new PathTemplate('/a/:id/b')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        let path: string
        try {
          ;({ path } = endpointRequest(template, 'body', JSON.stringify({ id })))
        } catch {
          return
        }
        const url = new URL(`http://h${path}`)
        expect([url.host, url.pathname.split('/').length, url.search, url.hash]).toEqual(['h', 4, '', ''])
      }),
    )
  })
})

describe('in the body', () => {
  test('goes the payload as it was sent, without the caller', () => {
    expect(made('/o', 'body', '{"n":1e400, "a":[ ]}').body).toBe('{"n":1e400, "a":[ ]}')
    expect(made('/o', 'body', '{"a":1,"_caller_worker_id":"w-1"}').body).toBe('{"a":1}')
    expect(made('/o', 'body', '{"_caller_worker_id":"w-1"}').body).toBe('{}')
    expect(made('/o', 'body', '{"a":{"_caller_worker_id":"w-1"}}').body).toBe('{"a":{"_caller_worker_id":"w-1"}}')
    expect(made('/o', 'body', '[1,2]').body).toBe('[1,2]')
  })

  test('goes what does not stand in the path, with numbers of any length', () => {
    const { path, body } = made('/o/:id', 'body', '{"id":1,"n":12345678901234567890,"_caller_worker_id":"w"}')
    expect([path, body]).toEqual(['/o/1', '{"n":12345678901234567890}'])
  })

  test('goes nothing for no payload', () => {
    expect(made('/o', 'body', 'null')).toEqual({ path: '/o', body: undefined })
  })
})

describe('in the query', () => {
  test.each([
    ['{"a":1,"b":"x y","c":false,"d":null}', '/o?a=1&b=x+y&c=false'],
    ['{"id":[1,"b"],"_caller_worker_id":"w"}', '/o?id=1&id=b'],
    ['{"n":12345678901234567890}', '/o?n=12345678901234567890'],
    ['{"a=b&c":"d=e&f"}', '/o?a%3Db%26c=d%3De%26f'],
    ['{}', '/o'],
    ['null', '/o'],
  ])('goes %s', (json, expected) => {
    expect(made('/o', 'query', json)).toEqual({ path: expected, body: undefined })
  })

  test('goes it behind what stands in the path already', () => {
    expect(made('/o?format=json', 'query', '{"a":1}').path).toBe('/o?format=json&a=1')
  })

  test('goes no object', () => {
    expect(() => made('/o', 'query', '{"filter":{"a":1}}')).toThrow(
      "the member 'filter' can't stand in the query: it has to be a text, a number, a truth value, or a list of them",
    )
  })
})
