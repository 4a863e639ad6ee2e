// A call as an HTTP request, and its answer as a result (spec 06 B.2, B.3; checks 31–33).
import { createHmac } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RawJson } from '../../../sdk/raw-json.ts'
import { ManualClock } from '../../../testing/index.ts'
import { apiServer, type ApiHandler } from './api-server.ts'
import { runHttpFunctions } from './run-http-functions.ts'

describe('the request', () => {
  test('is a POST with the payload and the headers of iii', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    await run.register({ url: `${api.url}/orders?dry=1`, headers: { 'x-tenant': 'a' } }, 'shop::order')
    const before = Math.floor(Date.now() / 1_000)
    await run.call({ item: 'tea' }, 'shop::order')
    const { method, url, headers, body } = api.last
    expect([method, url]).toEqual(['POST', '/orders?dry=1'])
    expect(JSON.parse(body.toString())).toMatchObject({ item: 'tea' })
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(body.length),
      'x-iii-function-path': 'shop::order',
      'x-iii-invocation-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      'x-tenant': 'a',
      host: `127.0.0.1:${api.port}`,
    })
    expect(Number(headers['x-iii-timestamp'])).toBeGreaterThanOrEqual(before)
    expect(headers['transfer-encoding']).toBeUndefined()
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('has the payload as its body with %s', async (method) => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    await run.register({ url: api.url, method })
    await run.call({ a: 1 })
    expect(api.last.method).toBe(method)
    expect(JSON.parse(api.last.body.toString())).toMatchObject({ a: 1 })
  })

  test('has the payload as it was sent: numbers of any length, any text, no object', async () => {
    const api = await apiServer(({ body }, response) => void response.end(body))
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    const json = '[12345678901234567890.123,"\\u0000 ü 🙂",null]'
    const caller = run.engine.connect()
    const result = await caller.trigger({ function_id: 'f', payload: new RawJson(json), raw: true })
    expect(api.last.body.toString()).toBe(json)
    expect(result?.json).toBe(json)
  })

  test('of each call has an id of its own', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    await Promise.all([run.call(), run.call()])
    expect(new Set(api.requests.map(({ headers }) => headers['x-iii-invocation-id'])).size).toBe(2)
  })

  test('goes on with trace and baggage of the call', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await run.worker.trigger({ function_id: 'f', payload: {}, traceparent, baggage: 'user=7' })
    expect(api.last.headers).toMatchObject({ traceparent, baggage: 'user=7' })
  })

  test('of a function with an unusual id has that percent-encoded', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    await run.register({ url: api.url }, 'größe::a\r\nx-evil: 1')
    await run.call({}, 'größe::a\r\nx-evil: 1')
    expect(api.last.headers['x-iii-function-path']).toBe('gr%C3%B6%C3%9Fe::a%0D%0Ax-evil:%201')
    expect(api.last.headers['x-evil']).toBeUndefined()
  })

  test('has the headers of the registration in place of its own, but for those of the engine', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions()
    const headers = { 'content-TYPE': 'application/vnd.api+json', 'X-iii-Timestamp': '0', 'x-iii-anything': 'x' }
    await run.register({ url: api.url, headers })
    await run.call()
    expect(api.last.headers['content-type']).toBe('application/vnd.api+json')
    expect(api.last.rawHeaders.filter((name) => name.toLowerCase() === 'content-type')).toHaveLength(1)
    expect(api.last.headers['x-iii-timestamp']).not.toBe('0')
    expect(api.last.headers['x-iii-anything']).toBeUndefined()
    expect(run.host.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      "the header 'X-iii-Timestamp' of function 'f' is ignored: the engine alone sets it",
      "the header 'x-iii-anything' of function 'f' is ignored: the engine alone sets it",
    ])
  })
})

test('a member of the registration that means nothing is told in the log', async () => {
  const api = await apiServer(() => ({}))
  const run = await runHttpFunctions()
  await run.register({ url: api.url, timout_ms: 50 })
  await run.call()
  expect(run.host.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    "the member 'timout_ms' of the HTTP target of function 'f' means nothing. Did you mean 'timeout_ms'?",
  ])
})

describe('auth', () => {
  const env = { KEY: 'k', TOKEN: 't-1' }

  test('hmac signs time and body', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions({ env, clock: new ManualClock(1_700_000_000_900) })
    await run.register({ url: api.url, auth: { type: 'hmac', secret_key: 'KEY' } })
    await run.call({ a: 'ü' })
    const { headers, body } = api.last
    expect(headers['x-iii-timestamp']).toBe('1700000000')
    const expected = createHmac('sha256', 'k')
      .update(`1700000000:${body.toString('base64')}`)
      .digest('hex')
    expect(headers['x-iii-signature']).toBe(`sha256=${expected}`)
  })

  test('bearer sends the token, in place of a header of the registration', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions({ env })
    await run.register({
      url: api.url,
      headers: { authorization: 'Basic x' },
      auth: { type: 'bearer', token_key: 'TOKEN' },
    })
    await run.call()
    expect(api.last.headers['authorization']).toBe('Bearer t-1')
  })

  test('api_key sends the value in a header', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions({ env })
    await run.register({ url: api.url, auth: { type: 'api_key', header: 'X-API-Key', value_key: 'TOKEN' } })
    await run.call()
    expect(api.last.headers['x-api-key']).toBe('t-1')
  })
})

describe('the answer', () => {
  const answers =
    (status: number, body: string | Buffer = '', headers: Record<string, string> = {}): ApiHandler =>
    (_request, response) =>
      void response.writeHead(status, headers).end(body)

  test.each<[string, ApiHandler, unknown]>([
    ['200 with JSON', answers(200, '{"status_code":201,"body":{"a":1}}'), { status_code: 201, body: { a: 1 } }],
    ['201 with JSON of another content type', answers(201, '[1]', { 'content-type': 'text/html' }), [1]],
    ['200 with a mark of the byte order', answers(200, Buffer.from('\ufeff{"a":1}')), { a: 1 }],
    ['200 with `null`', answers(200, 'null'), null],
    ['200 without a body', answers(200), null],
    ['204', answers(204), null],
    ['304', answers(304), null],
    ['302 with HTML', answers(302, '<a href="/x">', { location: '/x' }), null],
    ['302 with JSON', answers(302, '{"to":"/x"}', { location: '/x' }), { to: '/x' }],
    ['gzip', answers(200, gzipSync('{"z":1}'), { 'content-encoding': 'gzip' }), { z: 1 }],
    ['204 that says gzip', answers(204, '', { 'content-encoding': 'gzip' }), null],
    ['nothing that says br', answers(200, '', { 'content-encoding': 'br' }), null],
    ['deflate', answers(200, deflateSync('{"z":1}'), { 'content-encoding': 'Deflate' }), { z: 1 }],
    ['br', answers(200, brotliCompressSync('{"z":1}'), { 'content-encoding': 'br' }), { z: 1 }],
    ['zstd', answers(200, zstdCompressSync('{"z":1}'), { 'content-encoding': 'zstd' }), { z: 1 }],
  ])('%s', async (_what, handler, result) => {
    const api = await apiServer(handler)
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.call()).toEqual(result)
    expect(api.requests).toHaveLength(1)
  })

  test.each<[string, ApiHandler, string, string]>([
    [
      '200 with text',
      answers(200, 'not-json', { 'content-type': 'text/plain' }),
      'invalid_response',
      "HTTP 200 with 8 bytes of type 'text/plain' that are no JSON",
    ],
    [
      '200 with bytes that are no text',
      answers(200, Buffer.from('"\xff"', 'latin1')),
      'invalid_response',
      'HTTP 200 with 3 bytes without a content type that are no JSON',
    ],
    ['502 with an error', answers(502, '{"error":{"code":"U","message":"m"}}'), 'U', 'm'],
    ['404 with a code alone', answers(404, '{"error":{"code":"gone"}}'), 'gone', 'HTTP request failed'],
    ['404 with a message alone', answers(404, '{"error":{"message":"no such order"}}'), 'http_error', 'no such order'],
    ['400 with an error of another shape', answers(400, '{"error":"bad"}'), 'http_error', 'HTTP 400 Bad Request'],
    ['400 with text', answers(400, 'bad'), 'http_error', 'HTTP 400 Bad Request'],
    ['500 without a body', answers(500), 'http_error', 'HTTP 500 Internal Server Error'],
    ['599', answers(599), 'http_error', 'HTTP 599'],
  ])('%s', async (_what, handler, code, message) => {
    const api = await apiServer(handler)
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.failure()).toEqual({ code, message })
  })

  test('that comes in pieces, behind others that are not meant, is one', async () => {
    const api = await apiServer((_request, response) => {
      response.writeProcessing()
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.write('{"a":')
      setImmediate(() => response.end('1}'))
    })
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.call()).toEqual({ a: 1 })
  })

  test('that changes to another protocol is null', async () => {
    const api = await apiServer((_request, response) => {
      response.socket!.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n')
    })
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.call()).toBeNull()
  })
})
