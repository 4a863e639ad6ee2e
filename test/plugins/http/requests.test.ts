// What functions get of a request, and what is made of their results (spec 06 A.4–A.7).
import { expect, it } from 'vitest'
import { runHttp, type HandlerRequest } from './http-run.ts'

it('a route calls its function with the request and sends what it returns', async () => {
  const run = await runHttp()
  const requests: HandlerRequest[] = []
  await run.serve('users::get', 'GET /users/:id', (request) => {
    requests.push(request)
    return { status_code: 201, body: { a: 1 } }
  })
  const response = await fetch(`${run.url}/users/42?page=1&page=2`)
  expect(response.status).toBe(201)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('content-length')).toBe('7')
  expect(await response.text()).toBe('{"a":1}')
  expect(JSON.parse(JSON.stringify(requests[0]))).toEqual({
    path_params: { id: '42' },
    query_params: { page: '2' },
    headers: expect.objectContaining({ host: run.url.slice('http://'.length) }),
    path: '/users/:id',
    method: 'GET',
    url: '/users/42?page=1&page=2',
    trigger: { type: 'http', path: '/users/:id', method: 'GET' },
    body: null,
    request_body: { channel_id: expect.any(String), access_key: expect.any(String), direction: 'read' },
    response: { channel_id: expect.any(String), access_key: expect.any(String), direction: 'write' },
  })
})

it('a path without a leading slash is one with it, and parameters are as they stand in the path', async () => {
  const run = await runHttp()
  await run.serve('users::get', 'GET users/:id', ({ path_params, path }) => ({ body: { path_params, path } }))
  expect(await (await fetch(`${run.url}/users/a%20b`)).json()).toEqual({
    path_params: { id: 'a%20b' },
    path: 'users/:id',
  })
})

it.each([
  [{ a: 1 }, '{}'],
  ['x', '{}'],
  [{ body: 'hi' }, '"hi"'],
  [{ status_code: 'abc', body: 1 }, '1'],
  [{ status_code: 99, body: 1 }, '1'],
])('the result %j answers 200 with %s', async (result, text) => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => result)
  const response = await fetch(run.url)
  expect([response.status, await response.text()]).toEqual([200, text])
})

it('headers of a result are sent, also several of one name', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => ({
    headers: ['Content-Type: text/xml', 'Set-Cookie: a=1', 'Set-Cookie: b=2'],
    body: '<a/>',
  }))
  const response = await fetch(run.url)
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/xml', '<a/>'])
})

it('a JSON body is parsed and can be read as bytes too; one that is no JSON is null', async () => {
  const run = await runHttp()
  await run.serve('f', 'POST /', async ({ body, request_body }) => ({
    body: { body, bytes: (await request_body.readAll()).toString() },
  }))
  const post = async (body: string, type = 'application/json'): Promise<unknown> =>
    (await fetch(run.url, { method: 'POST', body, headers: { 'content-type': type } })).json()
  expect(await post('{"a":1}')).toEqual({ body: { a: 1 }, bytes: '{"a":1}' })
  expect(await post('{bad')).toEqual({ body: null, bytes: '{bad' })
  expect(await post('')).toEqual({ body: null, bytes: '' })
  expect(await post('{"a":1}', 'application/JSON')).toEqual({ body: null, bytes: '{"a":1}' })
  expect(await post('abc', 'text/plain')).toEqual({ body: null, bytes: 'abc' })
})

it('a body that is not JSON arrives while the handler runs', async () => {
  const run = await runHttp()
  const first = Promise.withResolvers<string>()
  await run.serve('f', 'POST /', async ({ request_body }) => {
    let bytes = 0
    for await (const chunk of request_body.stream) {
      first.resolve(String(chunk))
      bytes += (chunk as Buffer).length
    }
    return { body: bytes }
  })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const answer = fetch(run.url, { method: 'POST', body: readable, duplex: 'half' } as RequestInit)
  const writer = writable.getWriter()
  await writer.write(Buffer.from('one'))
  expect(await first.promise).toBe('one')
  await writer.write(Buffer.from('two'))
  await writer.close()
  expect(await (await answer).json()).toBe(6)
})

it('the metadata of the binding is the second argument of the handler', async () => {
  const run = await runHttp()
  run.provide('f', (_request: unknown, metadata: unknown) => ({ body: metadata }))
  await run.bind({ id: 'b', function_id: 'f', config: { api_path: '/' }, metadata: { team: 'a' } })
  expect(await (await fetch(run.url)).json()).toEqual({ team: 'a' })
})

it('trace context and baggage of the request go with the call', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => ({ body: 1 }))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await fetch(run.url, { headers: { traceparent, baggage: 'user=7' } })
  const call = run.engine.calls.find(({ function_id }) => function_id === 'f')
  expect(call).toMatchObject({ traceparent, baggage: 'user=7', binding: expect.any(String) })
})

it('HEAD is answered by the route of GET without its body, and by its own where there is one', async () => {
  const run = await runHttp()
  await run.serve('get', 'GET /a', ({ method }) => ({ headers: { 'x-method': method }, body: 'abc' }))
  const head = await fetch(`${run.url}/a`, { method: 'HEAD' })
  expect([head.status, head.headers.get('x-method'), head.headers.get('content-length')]).toEqual([200, 'HEAD', '5'])
  await run.serve('head', 'HEAD /a', () => ({ status_code: 204 }))
  expect((await fetch(`${run.url}/a`, { method: 'HEAD' })).status).toBe(204)
})

it('OPTIONS is a preflight, or a route where it is none', async () => {
  const run = await runHttp()
  await run.serve('f', 'OPTIONS /a', () => ({ body: 'mine' }))
  const preflight = { 'access-control-request-method': 'POST' }
  const ask = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(run.url + path, { method: 'OPTIONS', headers })
    const { headers: given } = response
    return [response.status, await response.text(), given.get('access-control-allow-methods')]
  }
  expect(await ask('/a', preflight)).toEqual([200, '', '*'])
  expect(await ask('/a', {})).toEqual([200, '"mine"', null])
  expect(await ask('/nowhere', {})).toEqual([200, '', '*'])
})

it('an id of a request is made or passed on, and sent back', async () => {
  const run = await runHttp({ request_id_header: 'X-Request-Id' })
  await run.serve('f', 'GET /', ({ headers }) => ({ body: headers['x-request-id'] }))
  const own = await fetch(run.url, { headers: { 'x-request-id': 'r-1' } })
  expect([own.headers.get('x-request-id'), await own.json()]).toEqual(['r-1', 'r-1'])
  const made = await fetch(run.url)
  const id = (await made.json()) as string
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(made.headers.get('x-request-id')).toBe(id)
})

it('an id is sent back also where no function is called', async () => {
  const run = await runHttp({ request_id_header: 'x-request-id' })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const ask = async (path: string, method = 'GET', more = {}): Promise<unknown[]> => {
    const response = await fetch(run.url + path, { method, headers: { 'x-request-id': 'r-1', ...more } })
    return [response.status, response.headers.get('x-request-id')]
  }
  expect(await ask('/none')).toEqual([404, 'r-1'])
  expect(await ask('/', 'DELETE')).toEqual([405, 'r-1'])
  expect(await ask('/?a=%ff')).toEqual([400, 'r-1'])
  expect(await ask('/', 'OPTIONS', { 'access-control-request-method': 'PUT' })).toEqual([200, 'r-1'])
})

it.each(['hello', 7, [1], { ok: true }])('a result of which nothing is sent is told in the log: %j', async (result) => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => result)
  expect(await (await fetch(run.url)).json()).toEqual({})
  expect(run.log.lines.map(({ message, data }) => [message, data])).toContainEqual([
    'f returned none of status_code, headers and body, so that {} was sent; an answer is { body: … }.',
    { route: 'GET /' },
  ])
})

it.each([{}, { body: null }, { status_code: 204 }, { headers: {} }])('and of any other nothing: %j', async (result) => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => result)
  await (await fetch(run.url)).arrayBuffer()
  expect(run.log.lines.filter(({ level }) => level === 'warn')).toEqual([])
})
