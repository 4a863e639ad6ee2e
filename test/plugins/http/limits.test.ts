// Time limits, slots and sizes of requests (spec 06 A.2, A.6), and what becomes of bodies that nobody reads.
import { expect, it } from 'vitest'
import { runHttp } from './http-run.ts'
import { openRequest, rawConnection, textOf } from './open-request.ts'

const codeOf = async (response: Response): Promise<[number, string]> => [
  response.status,
  ((await response.json()) as { error: { code: string } }).error.code,
]

it('a handler that does not answer in time gives 504, with CORS, and ends undisturbed', async () => {
  const run = await runHttp({ default_timeout: 50 })
  const finish = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  await run.serve('slow', 'GET /', async () => {
    await finish.promise
    ended.resolve('ended')
  })
  const response = await fetch(run.url)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await codeOf(response)).toEqual([504, 'TIMEOUT'])
  expect(run.log.lines.map(({ message }) => message)).toContain(
    'slow did not answer within 50 ms (default_timeout); 504 was sent.',
  )
  finish.resolve()
  expect(await ended.promise).toBe('ended')
})

it('requests beyond the limit wait for those before them', async () => {
  const run = await runHttp({ concurrency_request_limit: 1 })
  let running = 0
  let most = 0
  await run.serve('f', 'GET /', async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return { body: 'ok' }
  })
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(run.url).then((response) => response.json())))
  expect(answers).toEqual(Array.from({ length: 8 }, () => 'ok'))
  expect(most).toBe(1)
})

it('when too many wait, further requests get 503', async () => {
  const run = await runHttp({ concurrency_request_limit: 1, max_waiting_requests: 1 })
  const entered = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', async () => {
    entered.resolve()
    await finish.promise
    return { body: 'ok' }
  })
  const first = fetch(run.url)
  await entered.promise
  const others = [fetch(run.url), fetch(run.url)]
  const refused = await Promise.race(others)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await codeOf(refused)).toEqual([503, 'overloaded'])
  finish.resolve()
  const statuses = (await Promise.all([first, ...others])).map(({ status }) => status)
  expect(statuses.sort()).toEqual([200, 200, 503])
})

it('a client that goes while it waits gives its place up', async () => {
  const run = await runHttp({ concurrency_request_limit: 1 })
  const entered = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const paths: string[] = []
  await run.serve('f', 'GET /:name', async ({ path_params }) => {
    paths.push(path_params['name']!)
    entered.resolve()
    await finish.promise
    return { body: 'ok' }
  })
  const first = fetch(`${run.url}/first`)
  await entered.promise
  const gone = await rawConnection(run.url)
  gone.socket.write('GET /gone HTTP/1.1\r\nhost: x\r\n\r\n')
  // Its request has been read when an answer on the same connection could have come: the next one is.
  const last = fetch(`${run.url}/last`)
  gone.socket.destroy()
  await gone.ended
  finish.resolve()
  expect((await first).status).toBe(200)
  expect((await last).status).toBe(200)
  expect(paths.filter((name) => name !== 'gone')).toEqual(['first', 'last'])
})

it('a stalled JSON upload ends in 504 and the handler is not called', async () => {
  const run = await runHttp({ default_timeout: 50 })
  let isCalled = false
  await run.serve('f', 'POST /', () => {
    isCalled = true
    return {}
  })
  const { request, answered } = openRequest(run.url, {
    headers: { 'content-type': 'application/json', 'content-length': 10 },
  })
  request.write('{"a"')
  const response = await answered
  expect([response.statusCode, JSON.parse(await textOf(response)).error.code]).toEqual([504, 'TIMEOUT'])
  expect(isCalled).toBe(false)
})

it.each([
  ['declared', { 'content-length': 11 }],
  ['not declared', {}],
])('a JSON body whose size is %s gets 413 above its limit', async (_how, headers) => {
  const run = await runHttp({ json_body_limit: 10 })
  await run.serve('f', 'POST /', () => ({ body: 'ran' }))
  const { request, answered } = openRequest(run.url, { headers: { 'content-type': 'application/json', ...headers } })
  request.end('"123456789"')
  const response = await answered
  expect([response.statusCode, JSON.parse(await textOf(response)).error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  const fits = await fetch(run.url, {
    method: 'POST',
    body: '"12345678"',
    headers: { 'content-type': 'application/json' },
  })
  expect(await fits.json()).toBe('ran')
})

it('a body that streams gets 413 where it is more than body_limit, also while the handler reads', async () => {
  const run = await runHttp({ body_limit: 10 })
  const read = Promise.withResolvers<string>()
  await run.serve('f', 'POST /', async ({ request_body }) => {
    read.resolve(await request_body.readAll().then(String, (error: Error) => error.message))
  })
  const declared = await fetch(run.url, { method: 'POST', body: 'x'.repeat(11) })
  expect(await codeOf(declared)).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  const { request, answered } = openRequest(run.url)
  request.write('x'.repeat(10))
  request.write('y')
  const response = await answered
  expect(response.statusCode).toBe(413)
  // What the handler has got is not taken for all of it.
  expect(await read.promise).not.toContain('xy')
})

it('a small body that nobody reads is thrown away and the connection kept', async () => {
  const run = await runHttp()
  await run.serve('f', 'POST /', () => ({ body: 'ok' }))
  const connection = await rawConnection(run.url)
  connection.socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n')
  await connection.until(/"ok"$/)
  expect(connection.text()).not.toMatch(/connection: close/i)
  connection.socket.write('12345POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  await connection.until(/"ok"[^]*"ok"$/)
  connection.socket.destroy()
})

it('a large body that nobody reads holds nothing: the client gets its answer, then the connection is closed', async () => {
  const run = await runHttp()
  await run.serve('f', 'POST /', () => ({ body: 'ok' }))
  const connection = await rawConnection(run.url)
  connection.socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n')
  connection.socket.write(Buffer.alloc(1024 * 1024))
  await connection.until(/connection: close[^]*"ok"$/i)
  expect(await connection.ended).toMatch(/"ok"$/)
})

it('100 Continue is sent when the body is wanted, and not where the answer is known before', async () => {
  const run = await runHttp({ json_body_limit: 10 })
  await run.serve('f', 'POST /', ({ body }) => ({ body }))
  const connection = await rawConnection(run.url)
  const head = 'POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n'
  connection.socket.write(`${head}content-length: 3\r\n\r\n`)
  await connection.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
  connection.socket.write('"a"')
  await connection.until(/HTTP\/1.1 200 OK[^]*"a"$/)
  connection.socket.destroy()
  const large = await rawConnection(run.url)
  large.socket.write(`${head}content-length: 11\r\n\r\n`)
  expect(await large.ended).toMatch(/^HTTP\/1.1 413 /)
})

it('a streamed body is asked for when the handler reads it', async () => {
  const run = await runHttp()
  const reads = Promise.withResolvers<void>()
  await run.serve('f', 'POST /', async ({ request_body }) => {
    await reads.promise
    return { body: String(await request_body.readAll()) }
  })
  const connection = await rawConnection(run.url)
  connection.socket.write('POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n')
  await run.engine.call('engine::functions::list')
  expect(connection.text()).toBe('')
  reads.resolve()
  await connection.until(/100 Continue/)
  connection.socket.write('abc')
  await connection.until(/"abc"$/)
  connection.socket.destroy()
})
