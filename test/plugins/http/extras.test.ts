// What goes beyond iii, through requests to the worker: documents, validation, tags, compression, records, probes.
import { readFileSync } from 'node:fs'
import { request as send, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'
import { runHttp } from './http-run.ts'

/** As `fetch`, but for what that does by itself: the codings that it takes, and decoding them. */
async function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  send(url, { headers, method }, resolve).on('error', reject).end()
  const response = await promise
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

const NOTE = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }
const JSON_HEADERS = { 'content-type': 'application/json' }

describe('the OpenAPI document', () => {
  it('tells of the routes that are there, and of their functions', async () => {
    const run = await runHttp({ openapi: { title: 'Notes' } })
    run.worker.registerFunction('notes::add', () => ({ body: {} }), {
      description: 'Adds a note',
      request_format: NOTE,
    })
    await run.bind({
      id: '1',
      function_id: 'notes::add',
      config: { http_method: 'POST', api_path: '/notes', validate: true },
    })
    const response = await fetch(`${run.url}/openapi.json`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const document = (await response.json()) as any
    expect(document.info.title).toBe('Notes')
    const { post } = document.paths['/notes']
    expect(post).toMatchObject({ operationId: 'notes_add', description: 'Adds a note' })
    expect(Object.keys(post.responses)).toEqual(['200', '422', 'default'])
    expect(document.components.schemas['notes.add.request']).toEqual(NOTE)
    const again = await fetch(`${run.url}/openapi.json`, {
      headers: { 'if-none-match': response.headers.get('etag')! },
    })
    expect(again.status).toBe(304)
    run.unbind('1')
    await expect.poll(async () => ((await (await fetch(`${run.url}/openapi.json`)).json()) as any).paths).toEqual({})
  })

  it('is not there unless it is asked for, and is for GET alone', async () => {
    expect((await fetch(`${(await runHttp()).url}/openapi.json`)).status).toBe(404)
    const { url } = await runHttp({ openapi: { path: '/api' } })
    expect((await fetch(`${url}/openapi.json`)).status).toBe(404)
    expect((await fetch(`${url}/api`, { method: 'HEAD' })).status).toBe(200)
    const refused = await fetch(`${url}/api`, { method: 'POST' })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('is compressed where answers are', async () => {
    const run = await runHttp({ openapi: {}, compression: { encodings: ['gzip'], min_bytes: 10 } })
    const coded = await get(`${run.url}/openapi.json`, { 'accept-encoding': 'gzip' })
    expect(JSON.parse(gunzipSync(coded.body).toString())).toHaveProperty('openapi')
    const known = { 'accept-encoding': 'gzip', 'if-none-match': coded.headers.etag! }
    expect((await get(`${run.url}/openapi.json`, known)).status).toBe(304)
  })

  it('gives way to a route', async () => {
    const run = await runHttp({ openapi: {} })
    await run.serve('own', 'GET /openapi.json', () => ({ body: 'own' }))
    expect(await (await fetch(`${run.url}/openapi.json`)).json()).toBe('own')
  })
})

describe('requests that do not fit the format of their function', () => {
  const add = (url: string, body: string) => fetch(`${url}/notes`, { method: 'POST', headers: JSON_HEADERS, body })

  it('are refused with what is wrong, and never reach it', async () => {
    const run = await runHttp({ validate_requests: true })
    const calls: unknown[] = []
    run.worker.registerFunction(
      'notes::add',
      ({ body }: any) => {
        calls.push(body)
        return { body: 'ok' }
      },
      { request_format: NOTE },
    )
    await run.bind({ id: '1', function_id: 'notes::add', config: { http_method: 'POST', api_path: '/notes' } })
    const refused = await add(run.url, '{"text":7}')
    expect(refused.status).toBe(422)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(((await refused.json()) as any).errors).toEqual([
      { pointer: '/body/text', rule: 'type', message: 'must be string' },
    ])
    expect((await add(run.url, '{bad')).status).toBe(400)
    expect((await add(run.url, '{"text":"a"}')).status).toBe(200)
    expect(calls).toEqual([{ text: 'a' }])
  })

  it('are refused where a binding says so, and let through where it says so', async () => {
    for (const validate of [true, false]) {
      const run = await runHttp({ validate_requests: !validate })
      run.worker.registerFunction('notes::add', () => ({ body: 'ok' }), { request_format: NOTE })
      const config = { http_method: 'POST', api_path: '/notes', validate }
      await run.bind({ id: '1', function_id: 'notes::add', config })
      expect((await add(run.url, '{}')).status).toBe(validate ? 422 : 200)
    }
  })
})

describe('whole answers', () => {
  it('have tags, and are not sent to who has them', async () => {
    const run = await runHttp({ etag: true })
    await run.serve('f', 'GET /', () => ({ body: { a: 1 } }))
    const { headers } = await get(run.url)
    expect(headers.etag).toMatch(/^"[\w-]{22}"$/)
    const known = await get(run.url, { 'if-none-match': headers.etag! })
    expect(known).toMatchObject({ status: 304, headers: { etag: headers.etag, 'access-control-allow-origin': '*' } })
    expect(known.body.length).toBe(0)
    expect(await get(run.url, {}, 'HEAD')).toMatchObject({ status: 200, headers: { etag: headers.etag } })
  })

  it('are compressed for who takes it', async () => {
    const run = await runHttp({ compression: { encodings: ['gzip'] }, etag: true })
    const text = 'x'.repeat(5000)
    await run.serve('f', 'GET /', () => ({ body: text }))
    const plain = await get(run.url)
    expect(plain.headers).toMatchObject({ 'content-length': '5002' })
    expect(plain.headers.vary).toContain('accept-encoding')
    const coded = await get(run.url, { 'accept-encoding': 'br, gzip' })
    expect(coded.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(coded.body.length) })
    expect(JSON.parse(gunzipSync(coded.body).toString())).toBe(text)
    expect(coded.headers.etag).not.toBe(plain.headers.etag)
    const known = await get(run.url, { 'if-none-match': coded.headers.etag!, 'accept-encoding': 'gzip' })
    expect(known).toMatchObject({ status: 304, headers: { etag: coded.headers.etag } })
    expect(known.headers.vary).toContain('accept-encoding')
  })

  it('that are streamed stay as they are', async () => {
    const run = await runHttp({ compression: { min_bytes: 0 }, etag: true })
    await run.serve('f', 'GET /', ({ response }) => {
      response.sendMessage(JSON.stringify({ type: 'set_headers', headers: { 'content-type': 'text/plain' } }))
      response.write(Buffer.from('x'.repeat(5000)))
      response.close()
      return null
    })
    const { headers, body } = await get(run.url, { 'accept-encoding': 'gzip' })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers).not.toHaveProperty('etag')
    expect(body.length).toBe(5000)
  })
})

describe('the access log', () => {
  it('has a line for each request, without its query', async () => {
    const file = join(tempFolder(), 'access.log')
    const run = await runHttp({ access_log: { file }, request_id_header: 'X-Request-Id', trust_proxy: true })
    await run.serve('f', 'GET /users/:id', () => ({ body: 'äö' }))
    const headers = { 'user-agent': 'test/1', 'x-forwarded-for': '6.6.6.6, 1.2.3.4', authorization: 'secret' }
    const first = await get(`${run.url}/users/7?token=secret`, { ...headers, 'x-request-id': 'r-1' })
    expect(first.headers['x-request-id']).toBe('r-1')
    const made = (await get(`${run.url}/users/8`, { ...headers, 'x-request-id': 'not well formed' })).headers[
      'x-request-id'
    ]
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    await get(`${run.url}/none?token=secret`, { ...headers, 'x-request-id': 'not well formed' }, 'DELETE')
    await get(`${run.url}/users/9`, headers, 'HEAD')
    const written = () => readFileSync(file, 'utf8').trimEnd().split('\n')
    await expect.poll(written).toHaveLength(4)
    const lines = written()
    expect(lines.join()).not.toContain('secret')
    const common = {
      remote_address: '1.2.3.4',
      user_agent: 'test/1',
      duration_ms: expect.any(Number),
      time: expect.any(String),
    }
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...common, method: 'GET', route: '/users/:id', path: '/users/7', status: 200, bytes: 6, request_id: 'r-1' },
      { ...common, method: 'GET', route: '/users/:id', path: '/users/8', status: 200, bytes: 6, request_id: made },
      {
        ...common,
        method: 'DELETE',
        path: '/none',
        status: 404,
        bytes: expect.any(Number),
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      {
        ...common,
        method: 'HEAD',
        route: '/users/:id',
        path: '/users/9',
        status: 200,
        bytes: 0,
        request_id: expect.any(String),
      },
    ])
  })

  it('that can not be written is an error of the setting, and what was set stays', async () => {
    const run = await runHttp()
    const file = join(tempFolder(), '\0')
    await expect(run.plugin.reconfigure!({ port: 0, access_log: { file } } as never)).rejects.toThrow(
      'can not be written',
    )
    expect((await fetch(run.url)).status).toBe(404)
  })
})

describe('probes', () => {
  it('are answered on the port of the requests', async () => {
    const { url } = await runHttp({ health: {} })
    const response = await fetch(`${url}/health`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'healthy',
      http: { status: 'healthy', running: 0, waiting: 0 },
      engine: { status: 'healthy' },
    })
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${url}/health`, { method: 'POST' })).status).toBe(405)
  })

  it.each([
    ['reload', 200],
    ['stop', 503],
  ] as const)('are told of a %s by %i, as long as anything is under way', async (reason, status) => {
    const run = await runHttp({ health: { port: 0 } })
    const [url, own] = run.plugin.addresses!() as [string, string]
    const finish = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    await run.serve('f', 'GET /', async () => {
      entered.resolve()
      await finish.promise
      return { body: 'ok' }
    })
    const answer = fetch(url)
    await entered.promise
    const stopped = run.plugin.stop!({ reason })
    const probe = await fetch(`${own}/health`)
    finish.resolve()
    expect([probe.status, ((await probe.json()) as any).http.running]).toEqual([status, 1])
    expect(await (await answer).json()).toBe('ok')
    await stopped
  })

  it('are answered on a port of their own, and only there', async () => {
    const run = await runHttp({ health: { port: 0, path: '/live', components: true } })
    const [url, own] = run.plugin.addresses!() as [string, string]
    expect(((await (await fetch(`${own}/live`)).json()) as any).engine).toHaveProperty('components')
    expect((await fetch(`${own}/health`)).status).toBe(404)
    expect((await fetch(`${url}/live`)).status).toBe(404)
    await run.plugin.reconfigure!({ port: 0 } as never)
    await expect(fetch(`${own}/live`)).rejects.toThrow()
  })
})

it('all of it comes and goes at run time', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => ({ body: 'x'.repeat(5000) }))
  expect((await get(run.url, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined()
  await run.plugin.reconfigure!({ port: 0, compression: {}, openapi: {} } as never)
  expect((await get(run.url, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip')
  expect((await fetch(`${run.url}/openapi.json`)).status).toBe(200)
  await run.plugin.reconfigure!({ port: 0 } as never)
  expect((await fetch(`${run.url}/openapi.json`)).status).toBe(404)
})
