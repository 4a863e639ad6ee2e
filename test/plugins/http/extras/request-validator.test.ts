// Requests held against the format of their function.
import { describe, expect, it } from 'vitest'
import { MAX_LISTED_FAULTS } from '../../../../plugins/http/extras/validation/problem-details.ts'
import {
  MAX_ALL_ERRORS_CHARACTERS,
  MAX_FORMAT_CHARACTERS,
  RequestValidator,
} from '../../../../plugins/http/extras/validation/request-validator.ts'
import type { ApiRequest } from '../../../../plugins/http/request/api-request.ts'

function request(more: Partial<ApiRequest> = {}): ApiRequest {
  return {
    query_params: {},
    path_params: {},
    headers: { 'content-type': 'application/json' },
    path: '/notes',
    method: 'POST',
    trigger: { type: 'http', path: '/notes', method: 'POST' },
    url: '/notes',
    ...more,
  }
}

/** Status and faults; undefined = it fits. */
function checked(format: object, body: unknown, more?: Partial<ApiRequest>) {
  const answer = new RequestValidator(format as Record<string, unknown>).check(request(more), JSON.stringify(body))
  if (answer === undefined) return undefined
  expect(answer.headers).toEqual([['content-type', 'application/problem+json']])
  const problem = JSON.parse(answer.body as string) as {
    status: number
    type: string
    detail?: string
    errors: { pointer: string; rule: string; message: string }[]
  }
  expect(problem.status).toBe(answer.status)
  return { ...problem, faults: problem.errors.map(({ pointer, rule }) => `${pointer} ${rule}`) }
}

const NOTE = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: { text: { type: 'string' }, stars: { type: 'integer', maximum: 5 } },
}

describe('a format of the body', () => {
  it('lets through what fits', () => {
    expect(checked(NOTE, { text: 'a', stars: 5 })).toBeUndefined()
  })

  it('names all that does not', () => {
    const problem = checked(NOTE, { stars: 6, 'a/b': 1 })!
    expect(problem.status).toBe(422)
    expect(problem.type).toBe('urn:iii:problem:invalid-request')
    expect(problem.faults.toSorted()).toEqual([
      '/body required',
      '/body/a~1b additionalProperties',
      '/body/stars maximum',
    ])
    expect(problem.errors.find(({ rule }) => rule === 'maximum')!.message).toBe('must be <= 5')
  })

  it('is not that of a GET', () => {
    for (const method of ['GET', 'HEAD', 'DELETE']) expect(checked(NOTE, null, { method })).toBeUndefined()
  })

  it('says that a body is no JSON, where it was meant to be', () => {
    expect(checked(NOTE, null)).toMatchObject({ status: 400, type: 'urn:iii:problem:body-not-json' })
    expect(checked(NOTE, null, { headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 422 })
    expect(checked({ type: ['object', 'null'] }, null)).toBeUndefined()
  })
})

describe('a format of the whole request', () => {
  const WHOLE = {
    $ref: '#/$defs/Request',
    $defs: {
      Request: {
        type: 'object',
        required: ['body', 'query_params', 'request_body', 'response'],
        additionalProperties: false,
        properties: {
          body: NOTE,
          method: { const: 'POST' },
          path_params: { type: 'object', properties: { id: { $ref: '#/$defs/Id' } } },
          query_params: {
            type: 'object',
            properties: {
              page: { type: 'integer', minimum: 1 },
              all: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
              name: { type: 'string', minLength: 2 },
              __proto__x: { type: 'number' },
            },
          },
          headers: { type: 'object', required: ['X-Tenant'], properties: { 'X-Tenant': { type: 'string' } } },
          request_body: { type: 'object', required: ['channel_id'] },
          response: { type: 'object', required: ['channel_id'] },
        },
      },
      Id: { type: 'integer' },
    },
  }
  const HEADERS = { 'content-type': 'application/json', 'x-tenant': 'a' }

  it('takes texts for the numbers that they are', () => {
    const texts = { query_params: { page: '2', all: 'true', name: '77' }, path_params: { id: '-7' }, headers: HEADERS }
    expect(checked(WHOLE, { text: 'a' }, texts)).toBeUndefined()
  })

  it('names what does not fit, wherever it is', () => {
    const texts = { query_params: { page: '0', all: 'yes', name: 'x' }, path_params: { id: '0x7' } }
    expect(new Set(checked(WHOLE, {}, texts)!.faults)).toEqual(
      new Set([
        '/body required',
        '/query_params/page minimum',
        '/query_params/all type',
        '/query_params/all anyOf',
        '/query_params/name minLength',
        '/path_params/id type',
        '/headers required',
      ]),
    )
  })

  it('may do without a body', () => {
    const format = { properties: { body: NOTE, method: {} } }
    expect(checked(format, null, { headers: {} })).toBeUndefined()
    expect(checked(format, null, { headers: { 'content-length': '0' } })).toBeUndefined()
    expect(checked(format, null, { headers: { 'content-length': '4' } })!.faults).toEqual(['/body type'])
    expect(checked(format, null, { headers: { 'transfer-encoding': 'chunked' } })!.faults).toEqual(['/body type'])
    expect(checked({ ...format, required: ['body'] }, null, { headers: {} })!.faults).toEqual([' required'])
  })

  it('is that of a GET, too', () => {
    expect(checked(WHOLE, { text: 'a' }, { method: 'GET', headers: HEADERS })!.faults).toEqual(['/method const'])
  })
})

describe('limits', () => {
  const NUMBERS = { type: 'array', items: { type: 'integer' } }

  it('lists so many faults and counts the rest', () => {
    const { errors, detail } = checked(NUMBERS, Array(MAX_LISTED_FAULTS + 3).fill('x'))!
    expect(errors).toHaveLength(MAX_LISTED_FAULTS)
    expect(detail).toBe('3 further errors are not listed')
  })

  it('tells of a long body the first fault alone', () => {
    const { errors, detail } = checked(NUMBERS, Array(MAX_ALL_ERRORS_CHARACTERS / 4).fill('x'))!
    expect(errors).toHaveLength(1)
    expect(detail).toBeUndefined()
  })

  it.each([
    [{ type: 'strin' }, 'it is no JSON Schema'],
    [{ enum: ['x'.repeat(MAX_FORMAT_CHARACTERS)] }, 'it has more than'],
    [{ pattern: '(' }, 'Invalid regular expression'],
  ])('says which formats can not be checked against: %#', (format, message) => {
    expect(() => new RequestValidator(format)).toThrow(message)
  })
})

it('takes formats of any draft', () => {
  const old = {
    $schema: 'http://json-schema.org/draft-04/schema#',
    id: 'http://example.com/x',
    items: [{ type: 'integer', minimum: 1, exclusiveMinimum: true }],
    additionalItems: false,
  }
  expect(checked(old, [2])).toBeUndefined()
  expect(checked(old, [1])!.faults).toEqual(['/body/0 exclusiveMinimum'])
  expect(checked(old, [2, 3])!.faults).toEqual(['/body items'])
  const needs = { dependencies: { a: ['b'], c: { required: ['d'] } } }
  expect(checked(needs, { a: 1, c: 1 })!.faults).toEqual(['/body dependentRequired', '/body required'])
})

it('answers at once for a format that says $async', () => {
  const format = { $async: true, type: 'object', properties: { text: { $async: true, type: 'string' } } }
  expect(checked(format, { text: 1 })!.faults).toEqual(['/body/text type'])
  expect(checked(format, { text: 'a' })).toBeUndefined()
})

it('takes the time that a large format needs to be made ready for all errors from no request', () => {
  const members = Array.from({ length: 500 }, (_, index) => [`m${index}`, { type: 'string', pattern: '^a+$' }])
  const format = { type: 'object', required: ['other'], properties: Object.fromEntries(members) }
  expect(checked(format, { m1: 1 })!.faults.toSorted()).toEqual(['/body required', '/body/m1 type'])
})
