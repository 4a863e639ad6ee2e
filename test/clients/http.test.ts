// HTTP endpoints by workers on the unmodified SDKs of two generations and on ours, asked by Node's fetch (spec 06 A.5–A.8; 08 check 21).
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { within } from '../support/deadline.ts'
import { engineFolder, HTTP_PORT, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { httpWorker } from './http-worker.ts'
import { OWN } from './own.ts'
import { connectSdk, V11, V22, type Version } from './versions.ts'

const MB = 1_000_000

let folder: EngineFolder
let engine: EngineProcess

beforeAll(async () => {
  folder = await engineFolder(`  - name: iii-http\n    config: { port: ${HTTP_PORT}, default_timeout: 20000 }\n`)
  engine = await folder.start({ args: ['--no-watch'] })
})

afterAll(async () => {
  expect(await engine?.stop()).toBe(0)
  await folder?.remove()
})

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${folder.httpUrl}${path}`, init)
const JSON_HEADERS = { 'content-type': 'application/json' }
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What a function has read of its request. */
const textOf = async (request: any): Promise<string> => (await request.request_body.readAll()).toString()

describe.each([V22, V11, OWN])('a worker on iii-sdk $name', (version: Version) => {
  const worker = () => httpWorker(version, folder.url)

  it('answers with status, headers and body, and gets parameters, query, headers and JSON', async () => {
    const seen: any[] = []
    const { serve } = worker()
    await serve('POST /users/:id', (request) => {
      seen.push(request)
      return { status_code: 201, headers: { 'x-made-by': 'worker' }, body: { id: request.path_params.id } }
    })
    const response = await ask('/users/42?page=1&q=a%20b', {
      method: 'POST',
      headers: { ...JSON_HEADERS, 'X-Client': 'fetch' },
      body: '{"name":"Ann","tags":["é✓"]}',
    })
    expect([response.status, response.headers.get('x-made-by'), response.headers.get('content-type')]).toEqual([
      201,
      'worker',
      'application/json',
    ])
    expect(await response.json()).toEqual({ id: '42' })
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path_params: { id: '42' },
      query_params: { page: '1', q: 'a b' },
      headers: { 'content-type': 'application/json', 'x-client': 'fetch' },
      body: { name: 'Ann', tags: ['é✓'] },
    })
  })

  it('answers text, bytes of a Buffer, an error status and nothing', async () => {
    const { serve } = worker()
    await serve('GET /as/text', () => ({ status_code: 200, headers: { 'content-type': 'text/plain' }, body: 'é✓' }))
    await serve('GET /as/bytes', () => ({
      status_code: 200,
      headers: { 'content-type': 'image/png' },
      body: Buffer.from([0, 255, 1]),
    }))
    await serve('GET /as/missing', () => ({ status_code: 404, body: { error: 'no such thing' } }))
    await serve('GET /as/empty', () => ({ status_code: 204, headers: { 'content-type': 'text/plain' }, body: null }))
    await serve('GET /as/bare', () => ({ ok: true }))
    expect(await (await ask('/as/text')).text()).toBe('é✓')
    expect([...new Uint8Array(await (await ask('/as/bytes')).arrayBuffer())]).toEqual([0, 255, 1])
    const missing = await ask('/as/missing')
    expect([missing.status, await missing.json()]).toEqual([404, { error: 'no such thing' }])
    const empty = await ask('/as/empty')
    expect([empty.status, await empty.text()]).toEqual([204, ''])
    expect(await (await ask('/as/bare')).json()).toEqual({})
  })

  it('that throws gives a 500 with code and message, and answers on', async () => {
    const { serve } = worker()
    await serve('GET /boom', () => {
      throw new Error('the disk is full')
    })
    for (let round = 0; round < 2; round++) {
      const response = await ask('/boom')
      expect(response.status).toBe(500)
      expect(await response.json()).toEqual({
        error: {
          code: 'invocation_failed',
          message: 'the disk is full',
          error_id: expect.stringMatching(/^[0-9a-f]{1,12}$/),
        },
      })
    }
  })

  it('writes its response with http(): status, headers, body', async () => {
    const { serve } = worker()
    await serve(
      'GET /helper/written',
      version.http(async (request, response) => {
        response.status(201)
        response.headers({ 'x-a': '1', 'content-type': 'text/plain' })
        response.stream.end(`hi ${request.query_params.name}`)
      }),
    )
    await serve(
      'GET /helper/returned',
      version.http(async () => ({ status_code: 418, body: { tea: true } })),
    )
    await serve(
      'GET /helper/closed',
      version.http(async (_request, response) => {
        response.status(204)
        response.close()
      }),
    )
    const written = await ask('/helper/written?name=Ann')
    expect([written.status, written.headers.get('x-a'), await written.text()]).toEqual([201, '1', 'hi Ann'])
    const returned = await ask('/helper/returned')
    expect([returned.status, await returned.json()]).toEqual([418, { tea: true }])
    const closed = await ask('/helper/closed')
    expect([closed.status, await closed.text()]).toEqual([204, ''])
  })

  it('streams: each piece arrives while the response goes on, its status and headers first', async () => {
    const { serve } = worker()
    const writing = Promise.withResolvers<any>()
    await serve(
      'GET /pieces',
      version.http(async (_request, response) => {
        response.status(206)
        response.headers({ 'content-type': 'text/plain' })
        writing.resolve(response.stream)
        response.stream.write(Buffer.from('0'))
      }),
    )
    const response = await within(10_000, 'the head', ask('/pieces'))
    expect([response.status, response.headers.get('content-type')]).toEqual([206, 'text/plain'])
    const pieces = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const stream = await writing.promise
    for (const n of [0, 1, 2, 3]) {
      if (n > 0) stream.write(Buffer.from(String(n)))
      expect(await within(10_000, `piece ${n}`, pieces.read())).toEqual({ done: false, value: String(n) })
    }
    stream.end()
    expect(await within(10_000, 'the end', pieces.read())).toEqual({ done: true, value: undefined })
  })

  it('streams 10 MB as they were written', async () => {
    const content = randomBytes(10 * MB)
    const { serve } = worker()
    await serve(
      'GET /download',
      version.http(async (_request, response) => {
        response.headers({ 'content-type': 'application/octet-stream' })
        response.stream.end(content)
      }),
    )
    const response = await ask('/download')
    expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digestOf(content))
  })

  it('serves events', async () => {
    const { serve } = worker()
    await serve(
      'GET /events',
      version.http(async (_request, response) => {
        response.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
        for (const n of [1, 2]) response.stream.write(Buffer.from(`event: tick\nid: ${n}\ndata: {"n":${n}}\n\n`))
        response.stream.end()
      }),
    )
    const response = await ask('/events')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toBe('event: tick\nid: 1\ndata: {"n":1}\n\nevent: tick\nid: 2\ndata: {"n":2}\n\n')
  })

  it('hears of a client that goes away while it streams', async () => {
    const { serve } = worker()
    const writing = Promise.withResolvers<any>()
    await serve(
      'GET /left',
      version.http(async (_request, response) => void writing.resolve(response.stream)),
    )
    const leaving = new AbortController()
    const asking = ask('/left', { signal: leaving.signal })
    const stream = await writing.promise
    stream.on('error', () => {})
    stream.write(Buffer.from('first'))
    await asking
    leaving.abort()
    await within(10_000, 'the end of the stream', once(stream, 'close'))
  })

  it.each([
    ['text', 'text/plain', 'plain é✓'],
    ['a form', 'application/x-www-form-urlencoded', 'a=1&b=%C3%A9'],
    ['JSON, as it was sent', 'application/json', '{ "a" :1.50 }'],
    ['nothing', 'text/plain', ''],
  ])('reads the body as bytes: %s', async (_kind, type, body) => {
    const { serve } = worker()
    await serve('POST /raw', async (request) => ({ body: { raw: await textOf(request), parsed: request.body } }))
    const response = await ask('/raw', { method: 'POST', headers: { 'content-type': type }, body })
    const parsed = type === 'application/json' ? { a: 1.5 } : null
    expect(await response.json()).toEqual({ raw: body, parsed })
  })

  it('gets null for JSON that is none, and the bytes of it', async () => {
    const { serve } = worker()
    await serve('POST /broken', async (request) => ({ body: { raw: await textOf(request), parsed: request.body } }))
    const response = await ask('/broken', { method: 'POST', headers: JSON_HEADERS, body: '{"a":' })
    expect([response.status, await response.json()]).toEqual([200, { raw: '{"a":', parsed: null }])
  })

  it('reads a form with files', async () => {
    const content = randomBytes(200_000)
    const { serve } = worker()
    await serve('POST /form', async ({ headers, request_body }) => {
      // What a function does with it is its own business: here the parser of the platform.
      const bytes = await request_body.readAll()
      const form = await new Response(bytes, { headers: { 'content-type': headers['content-type'] } }).formData()
      const file = form.get('file') as File
      const digest = digestOf(new Uint8Array(await file.arrayBuffer()))
      return { body: { title: form.get('title'), name: file.name, digest } }
    })
    const form = new FormData()
    form.set('title', 'é✓')
    form.set('file', new Blob([content]), 'photo.jpg')
    const response = await ask('/form', { method: 'POST', body: form })
    expect(await response.json()).toEqual({ title: 'é✓', name: 'photo.jpg', digest: digestOf(content) })
  })

  it('takes an upload of 10 MB, as a whole and piece by piece', async () => {
    const content = randomBytes(10 * MB)
    const { serve } = worker()
    await serve('PUT /upload/whole', async ({ request_body }) => ({ body: digestOf(await request_body.readAll()) }))
    await serve('PUT /upload/pieces', async ({ request_body }) => {
      const hash = createHash('sha256')
      let pieces = 0
      for await (const piece of request_body.stream) {
        hash.update(piece)
        pieces++
        // Slower than the client, now and then.
        if (pieces % 10 === 0) await nextTurn()
      }
      return { body: hash.digest('hex') }
    })
    for (const path of ['/upload/whole', '/upload/pieces']) {
      const response = await ask(path, { method: 'PUT', body: content })
      expect(await response.json(), path).toBe(digestOf(content))
    }
    const json = JSON.stringify({ text: 'x'.repeat(10 * MB) })
    await serve('PUT /upload/json', async ({ body, request_body }) => ({
      body: [body.text.length, (await request_body.readAll()).length],
    }))
    const response = await ask('/upload/json', { method: 'PUT', headers: JSON_HEADERS, body: json })
    expect(await response.json()).toEqual([10 * MB, json.length])
  })

  it('reads and writes at the same time', async () => {
    const { serve } = worker()
    await serve(
      'POST /echo',
      version.http(async (request, response) => {
        for await (const piece of request.request_body.stream) response.stream.write(piece)
        response.stream.end()
      }),
    )
    const up = new TransformStream<Uint8Array, Uint8Array>()
    const writer = up.writable.getWriter()
    void writer.write(Buffer.from('one'))
    const response = await within(
      10_000,
      'an answer before the request has ended',
      ask('/echo', {
        method: 'POST',
        body: up.readable,
        duplex: 'half',
        headers: { 'content-type': 'text/plain' },
      } as RequestInit),
    )
    const down = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await within(10_000, 'one', down.read())).value).toBe('one')
    void writer.write(Buffer.from('two'))
    expect((await within(10_000, 'two', down.read())).value).toBe('two')
    await writer.close()
    expect((await within(10_000, 'the end', down.read())).done).toBe(true)
  })

  it('has middleware in a worker: it lets pass, and it answers itself', async () => {
    const { client, serve } = worker()
    const inputs: any[] = []
    const order: string[] = []
    client.registerFunction('mw::log', async (input) => {
      inputs.push(input)
      order.push('log')
      return { action: 'continue' }
    })
    client.registerFunction('mw::auth', async ({ request }) => {
      order.push('auth')
      if (request.headers.authorization === 'Bearer tok') return { action: 'continue' }
      const response = { status_code: 401, body: { error: 'who are you?' }, headers: { 'www-authenticate': 'Bearer' } }
      return { action: 'respond', response }
    })
    const config = { middleware_function_ids: ['mw::log', 'mw::auth'] }
    await serve('GET /private/:id', () => (order.push('handler'), { body: 'secret' }), { config })
    const refused = await ask('/private/7?a=1')
    expect([refused.status, refused.headers.get('www-authenticate'), await refused.json()]).toEqual([
      401,
      'Bearer',
      { error: 'who are you?' },
    ])
    expect(order.splice(0)).toEqual(['log', 'auth'])
    expect(inputs[0]).toMatchObject({
      phase: 'preHandler',
      request: { path_params: { id: '7' }, query_params: { a: '1' }, method: 'GET', headers: {} },
      context: {},
    })
    const let_in = await ask('/private/7', { headers: { authorization: 'Bearer tok' } })
    expect([let_in.status, await let_in.json()]).toEqual([200, 'secret'])
    expect(order).toEqual(['log', 'auth', 'handler'])
  })

  it('has a condition in a worker: false alone blocks', async () => {
    const { client, serve } = worker()
    client.registerFunction('only::even', async ({ query_params, body }) => {
      if (query_params.n === 'broken') throw new Error('no number')
      return query_params.n === undefined ? undefined : body === null && Number(query_params.n) % 2 === 0
    })
    await serve('GET /even', () => ({ body: 'even' }), { config: { condition_function_id: 'only::even' } })
    const statusOf = async (path: string): Promise<unknown[]> => {
      const response = await ask(path)
      return [response.status, await response.json()]
    }
    expect(await statusOf('/even?n=2')).toEqual([200, 'even'])
    expect(await statusOf('/even')).toEqual([200, 'even'])
    expect(await statusOf('/even?n=1')).toEqual([
      422,
      { error: { code: 'CONDITION_NOT_MET', message: 'Request condition not met' }, skipped: true },
    ])
    expect(await statusOf('/even?n=broken')).toMatchObject([500, { error: { code: 'invocation_failed' } }])
  })

  it('whose binding goes has no route any more, and neither has one that leaves', async () => {
    const { client, serve } = worker()
    const { unbind } = await serve('GET /gone', () => ({ body: 1 }))
    await serve('GET /stays', () => ({ body: 1 }))
    expect((await ask('/gone')).status).toBe(200)
    unbind()
    await expect.poll(async () => (await ask('/gone')).status).toBe(404)
    expect((await ask('/stays')).status).toBe(200)
    await client.shutdown()
    await expect.poll(async () => (await ask('/stays')).status).toBe(404)
  })

  it('may have replicas: the route stays when one of them goes', async () => {
    const [first, second] = [worker(), worker()]
    await first.serve('GET /shared', () => ({ body: 'first' }))
    const binding = { type: 'http', function_id: 'GET /shared', config: { http_method: 'GET', api_path: '/shared' } }
    second.client.registerFunction('GET /shared', async () => ({ body: 'second' }))
    second.client.registerTrigger(binding)
    const answer = async (): Promise<{ status: number; body: any }> => {
      const response = await ask('/shared')
      return { status: response.status, body: await response.json() }
    }
    const seen = new Set<string>()
    await expect.poll(async () => seen.add((await answer()).body).size).toBe(2)
    const answers: { status: number; body: any }[] = []
    const leaving = first.client.shutdown()
    do answers.push(await answer())
    while (answers.slice(-20).filter(({ body }) => body === 'second').length < 20)
    await leaving
    // A call that was on its way to the one that left may have failed; nobody was told that there is no such route.
    const others = answers.filter(({ status }) => status !== 200)
    expect(others.filter(({ body }) => body.error.code !== 'invocation_stopped')).toEqual([])
    expect(others.length).toBeLessThanOrEqual(1)
  })
})

it('the metadata of a binding comes beside the request', async () => {
  const { serve } = httpWorker(V22, folder.url)
  const seen: unknown[] = []
  await serve('GET /meta', (_request, metadata) => (seen.push(metadata), { body: 1 }), { metadata: { tenant: 'a' } })
  await ask('/meta')
  expect(seen).toEqual([{ tenant: 'a' }])
})

it('workers of three SDKs stand in for each other in one chain', async () => {
  const [auth, condition] = [connectSdk(V11, folder.url), connectSdk(OWN, folder.url)]
  auth.registerFunction('chain::mw', async () => ({ action: 'continue' }))
  condition.registerFunction('chain::ok', async () => true)
  const { client, serve } = httpWorker(V22, folder.url)
  const config = { condition_function_id: 'chain::ok', middleware_function_ids: ['chain::mw'] }
  await serve(
    'GET /chain',
    V22.http(async (_request, response) => void response.stream.end('done')),
    { config },
  )
  for (const function_id of ['chain::mw', 'chain::ok'])
    await expect
      .poll(() =>
        client.trigger({ function_id, payload: {} }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
  expect(await (await ask('/chain')).text()).toBe('done')
})
