// Functions of the setting `endpoints`.
import { describe, expect, test } from 'vitest'
import type { EndpointListConfig } from '../../../../plugins/http-functions/config.ts'
import { apiServer } from '../api-server.ts'
import { OPEN, runHttpFunctions } from '../run-http-functions.ts'

const list = (base_url: string, functions: EndpointListConfig['functions'], more: object = {}): EndpointListConfig => ({
  base_url,
  functions,
  ...more,
})

describe('a configured endpoint', () => {
  test('is a function of the worker: called, listed, with its formats', async () => {
    const api = await apiServer(({ method, url, body }) => ({ method, url, body: body.toString() }))
    const request_format = { type: 'object', properties: { id: { type: 'integer' } } }
    const run = await runHttpFunctions({
      config: {
        endpoints: [
          list(`${api.url}/api/`, [
            { id: 'legacy::get', path: '/orders/:id', method: 'GET', description: 'One order', request_format },
            { id: 'legacy::create', path: 'orders' },
            { id: 'legacy::patch', path: '/orders/{id}', method: 'PATCH' },
            { id: 'legacy::search', path: '/search', payload: 'query' },
            { id: 'legacy::drop', path: '/orders/:id', method: 'DELETE', payload: 'body' },
          ]),
        ],
      },
    })
    const call = (id: string, payload: unknown) => run.call(payload, `legacy::${id}`)
    expect(await call('get', { id: 7, lines: true })).toEqual({
      method: 'GET',
      url: '/api/orders/7?lines=true',
      body: '',
    })
    expect(api.last.headers['content-type']).toBeUndefined()
    expect(await call('create', { item: 'tea' })).toEqual({
      method: 'POST',
      url: '/api/orders',
      body: '{"item":"tea"}',
    })
    expect(await call('patch', { id: 7, item: 'x' })).toEqual({
      method: 'PATCH',
      url: '/api/orders/7',
      body: '{"item":"x"}',
    })
    expect(await call('search', { q: 'tea' })).toEqual({ method: 'POST', url: '/api/search?q=tea', body: '' })
    expect(await call('drop', { id: 7, force: true })).toEqual({
      method: 'DELETE',
      url: '/api/orders/7',
      body: '{"force":true}',
    })
    const caller = run.engine.connect()
    const info = (await caller.trigger({
      function_id: 'engine::functions::info',
      payload: { function_id: 'legacy::get' },
    })) as object
    expect(info).toMatchObject({
      function_id: 'legacy::get',
      description: 'One order',
      worker_name: 'iii-http-functions',
      request_schema: request_format,
    })
  })

  test('says in listings what it is where nothing else is said', async () => {
    const run = await runHttpFunctions({
      config: { endpoints: [list('http://127.0.0.1:9/api', [{ id: 'f', path: '/x/:id' }])] },
    })
    const caller = run.engine.connect()
    const info = await caller.trigger({ function_id: 'engine::functions::info', payload: { function_id: 'f' } })
    expect(info).toMatchObject({ description: 'POST http://127.0.0.1:9/api/x/:id' })
  })

  test('has what its list says, and first what it says itself', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions({
      env: { KEY: 's3cret' },
      config: {
        endpoints: [
          list(
            api.url,
            [
              { id: 'a', path: '/a' },
              { id: 'b', path: '/b', method: 'GET', headers: { 'x-one': 'b' } },
            ],
            {
              method: 'PUT',
              headers: { 'x-one': 'a', 'x-two': '2' },
              auth: { type: 'bearer', token_key: 'KEY' },
            },
          ),
        ],
      },
    })
    await run.call({}, 'a')
    expect(api.last).toMatchObject({
      method: 'PUT',
      headers: { 'x-one': 'a', 'x-two': '2', authorization: 'Bearer s3cret' },
    })
    await run.call({}, 'b')
    expect(api.last).toMatchObject({
      method: 'GET',
      headers: { 'x-one': 'b', 'x-two': '2', authorization: 'Bearer s3cret' },
    })
  })

  test('goes on with the trace of the call', async () => {
    const api = await apiServer(() => ({}))
    const run = await runHttpFunctions({ config: { endpoints: [list(api.url, [{ id: 'f', path: '/' }])] } })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await run.engine.connect().trigger({ function_id: 'f', payload: {}, traceparent, baggage: 'k=v' })
    expect(api.last.headers).toMatchObject({ traceparent, baggage: expect.stringContaining('k=v') })
  })

  test('has the retries and the circuit breaker of its list', async () => {
    const api = await apiServer((_request, response) => void response.writeHead(503).end())
    const more = { method: 'GET', retry: { attempts: 2, backoff_ms: 1 }, circuit_breaker: { failures: 2 } }
    const run = await runHttpFunctions({ config: { endpoints: [list(api.url, [{ id: 'f', path: '/' }], more)] } })
    expect(await run.failure()).toMatchObject({ code: 'http_error' })
    expect(api.requests).toHaveLength(2)
    expect(await run.failure()).toMatchObject({ code: 'circuit_open' })
  })
})

describe('the worker does not start', () => {
  test.each<[string, readonly EndpointListConfig[], string]>([
    [
      'with an id twice',
      [list('https://a.example', [{ id: 'f', path: '/' }]), list('https://b.example', [{ id: 'f', path: '/' }])],
      "endpoints[1].functions[0]: there is a function 'f' already; give each an id of its own",
    ],
    [
      'with an id of the engine',
      [list('https://a.example', [{ id: 'engine::x', path: '/' }])],
      "endpoints[0].functions[0]: ids that begin with 'engine::' are the engine's",
    ],
    [
      'with a base that is no URL',
      [list('legacy', [{ id: 'f', path: '/' }])],
      "endpoints[0].functions[0]: url_validation_failed: Invalid URL: 'legacy' names no host",
    ],
    [
      'with a query in the base',
      [list('https://a.example/?x=1', [{ id: 'f', path: '/' }])],
      'endpoints[0].functions[0]: base_url must end with its path',
    ],
    [
      'with a secret that is not there',
      [list('https://a.example', [{ id: 'f', path: '/' }], { auth: { type: 'bearer', token_key: 'NONE' } })],
      "endpoints[0].functions[0]: token_not_found: auth.token_key names the environment variable 'NONE'",
    ],
    [
      'with a header that decides where a message ends',
      [list('https://a.example', [{ id: 'f', path: '/', headers: { 'content-length': '1' } }])],
      "endpoints[0].functions[0]: invalid_invocation: headers: 'content-length' is set by the engine alone",
    ],
    [
      'with a host that its own rules refuse',
      [list('http://a.example', [{ id: 'f', path: '/' }])],
      'endpoints[0].functions[0]: url_validation_failed: HTTPS is required',
    ],
  ])('%s', async (_what, endpoints, message) => {
    await expect(runHttpFunctions({ config: { security: {}, endpoints } })).rejects.toThrow(message)
  })

  test.each<[string, object, string]>([
    ['a pattern that can not be read', { security: { url_allowlist: ['a[b'] } }, "'a[b' has a '[' without its ']'"],
    ['a file that is not there', { ca_file: 'none.pem' }, "none.pem can't be read: ENOENT"],
    ['a setting that there is not', { security: { allow: true } }, "unknown key 'allow'"],
  ])('with %s', async (_what, config, message) => {
    await expect(runHttpFunctions({ config })).rejects.toThrow(message)
  })
})

test('Other endpoints need a new generation, other settings do not', async () => {
  const run = await runHttpFunctions({ config: { endpoints: [list('https://a.example', [{ id: 'f', path: '/' }])] } })
  const endpoints = run.host.config['endpoints']
  expect(await run.host.reconfigure({ security: OPEN, endpoints, max_response_bytes: 10 })).toBe(true)
  expect(await run.host.reconfigure({ security: OPEN })).toBe(false)
  await expect(run.host.reconfigure({ security: { url_allowlist: ['['] }, endpoints })).rejects.toThrow(
    "without its ']'",
  )
})
