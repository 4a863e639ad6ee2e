// CORS headers (spec 06 A.9).
import { describe, expect, it } from 'vitest'
import { Cors, isPreflight, unmatchableOrigins } from '../../../../plugins/http/response/cors.ts'

const VARY = ['vary', 'origin, access-control-request-method, access-control-request-headers']

describe('without a config', () => {
  it('any page may read everything', () => {
    for (const cors of [new Cors(), new Cors(null)]) {
      expect(cors.headersFor('http://a')).toEqual([
        VARY,
        ['access-control-allow-origin', '*'],
        ['access-control-expose-headers', '*'],
      ])
      expect(cors.headersFor(undefined)).toEqual(cors.headersFor('http://a'))
    }
  })

  it('a preflight is answered with anything', () => {
    expect(new Cors().preflightFor('http://a')).toEqual({
      status: 200,
      headers: [
        VARY,
        ['access-control-allow-origin', '*'],
        ['access-control-expose-headers', '*'],
        ['access-control-allow-methods', '*'],
        ['access-control-allow-headers', '*'],
      ],
      body: '',
    })
  })
})

describe('with origins', () => {
  const cors = new Cors({ allowed_origins: ['http://a', 'http://c'], allowed_methods: ['GET', 'POST'] })

  it('an allowed one is told that it is', () => {
    expect(cors.headersFor('http://a')).toEqual([VARY, ['access-control-allow-origin', 'http://a']])
    expect(cors.headersFor('http://c')).toEqual([VARY, ['access-control-allow-origin', 'http://c']])
  })

  it.each(['http://b', 'http://A', 'http://a/', 'http://a.evil', undefined])('another is not: %s', (origin) => {
    expect(cors.headersFor(origin)).toEqual([VARY])
  })

  it('a preflight lists the methods', () => {
    expect(cors.preflightFor('http://b').headers).toEqual([
      VARY,
      ['access-control-allow-methods', 'GET,POST'],
      ['access-control-allow-headers', '*'],
    ])
  })

  it.each([{ allowed_origins: [] }, { allowed_origins: ['http://a', '*'] }, {}, { allowed_origins: null }])(
    'that mean any: %j',
    (config) => {
      expect(new Cors(config).headersFor('http://b')).toEqual([VARY, ['access-control-allow-origin', '*']])
    },
  )
})

it('replaces what the function says itself, and adds to its vary', () => {
  const headers = [
    ['access-control-allow-origin', 'http://x'],
    ['vary', 'accept'],
    ['x-a', 'b'],
  ] as [string, string][]
  expect(new Cors({}).addTo(headers, 'http://a')).toEqual([
    ['vary', 'accept'],
    ['x-a', 'b'],
    VARY,
    ['access-control-allow-origin', '*'],
  ])
  expect(headers).toHaveLength(3)
})

it('tells a preflight from an OPTIONS request', () => {
  expect(isPreflight('OPTIONS', { 'access-control-request-method': 'PUT' })).toBe(true)
  expect(isPreflight('OPTIONS', {})).toBe(false)
  expect(isPreflight('GET', { 'access-control-request-method': 'PUT' })).toBe(false)
})

describe('origins that no browser sends', () => {
  it.each([
    ['https://a.example/', 'https://a.example'],
    ['HTTPS://A.Example', 'https://a.example'],
    ['https://a.example:443', 'https://a.example'],
    ['https://a.example/page', 'https://a.example'],
    ['a.example', 'https://a.example'],
    ['localhost:3000', 'https://localhost:3000'],
    ['https://*.a.example', 'https://app.example.com'],
    ['', 'https://app.example.com'],
  ])('%s is told, with how to write it', (origin, meant) => {
    expect(unmatchableOrigins({ allowed_origins: [origin] })).toEqual([{ origin, meant }])
  })

  it('those that one may send are not', () => {
    const origins = [
      '*',
      'null',
      'https://a.example',
      'http://127.0.0.1:8080',
      'http://[::1]:1',
      'capacitor://localhost',
    ]
    expect(unmatchableOrigins({ allowed_origins: origins })).toEqual([])
    expect(unmatchableOrigins(null)).toEqual([])
  })
})
