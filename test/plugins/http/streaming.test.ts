// Responses that a worker writes by the channel of its request (spec 06 A.8).
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import { runHttp } from './http-run.ts'
import { openRequest, rawConnection } from './open-request.ts'

const control = (message: object): string => JSON.stringify(message)
const status = (status_code: unknown): string => control({ type: 'set_status', status_code })

it('status, headers and bytes are sent as the worker writes them', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', ({ response }) => {
    response.sendMessage(status(206))
    response.sendMessage(status(42))
    response.sendMessage('no json')
    response.sendMessage(control({ type: 'set_headers', headers: { 'X-A': 'b', 'x-bad': 'a\nb', 'x-n': 1 } }))
    response.write('hel')
    response.sendMessage(status(500))
    response.write('lo')
    response.close()
    return null
  })
  const response = await fetch(run.url)
  expect([response.status, response.headers.get('x-a'), response.headers.get('x-bad')]).toEqual([206, 'b', null])
  expect(response.headers.get('content-type')).toBeNull()
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.text()).toBe('hello')
})

it('a stream that is closed without a byte answers at once, with its status and without a body', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', async ({ response }) => {
    response.sendMessage(status(202))
    response.close()
    await new Promise(() => {})
  })
  const response = await fetch(run.url)
  expect([response.status, await response.text()]).toEqual([202, ''])
})

it('each chunk reaches the client before the next one is written, and longer than default_timeout', async () => {
  const run = await runHttp({ default_timeout: 1_000 })
  const next: (() => void)[] = []
  await run.serve('hangs', 'GET /hangs', () => new Promise(() => {}))
  await run.serve('f', 'GET /', async ({ response }) => {
    response.sendMessage(control({ type: 'set_headers', headers: { 'content-type': 'text/event-stream' } }))
    for (const chunk of ['data: 1\n\n', 'data: 2\n\n']) {
      response.write(chunk)
      await new Promise<void>((resolve) => next.push(resolve))
    }
    response.close()
  })
  const reader = (await fetch(run.url)).body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe('data: 1\n\n')
  // It began later and has had its time.
  expect((await fetch(`${run.url}/hangs`)).status).toBe(504)
  next[0]!()
  expect((await reader.read()).value).toBe('data: 2\n\n')
  next[1]!()
  expect((await reader.read()).done).toBe(true)
})

it('a handler that returns null and never writes ends in 504, or in 200 and {} after the grace', async () => {
  const patient = await runHttp({ default_timeout: 50 })
  await patient.serve('f', 'GET /', () => null)
  expect((await fetch(patient.url)).status).toBe(504)
  expect(patient.log.lines).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      message: expect.stringMatching(/^f returned nothing and wrote no answer; .* within 50 ms/),
      data: { route: 'GET /' },
    }),
  )
  const graceful = await runHttp({ null_result_grace_ms: 1 })
  await graceful.serve('f', 'GET /', () => null)
  const response = await fetch(graceful.url)
  expect([response.status, await response.json()]).toEqual([200, {}])
})

it('a handler that writes after it has returned null streams all the same', async () => {
  const run = await runHttp({ null_result_grace_ms: 60_000 })
  await run.serve('f', 'GET /', ({ response }) => {
    setImmediate(() => {
      response.write('late')
      response.close()
    })
    return null
  })
  expect(await (await fetch(run.url)).text()).toBe('late')
})

it('a result that comes first is the answer, and what was said by the channel counts no more', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', async ({ response }) => {
    response.sendMessage(status(206))
    return { body: 'buffered' }
  })
  const response = await fetch(run.url)
  expect([response.status, await response.json()]).toEqual([200, 'buffered'])
})

it('a byte that comes first is the answer, whatever the handler returns or throws', async () => {
  const run = await runHttp()
  const fail = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', async ({ response }) => {
    response.write('streamed')
    await fail.promise
    setImmediate(() => response.close())
    throw new Error('late')
  })
  const response = await fetch(run.url)
  fail.resolve()
  expect([response.status, await response.text()]).toEqual([200, 'streamed'])
})

it('a worker that dies while it streams breaks the response off', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', ({ response }) => {
    response.write('half')
    return new Promise(() => {})
  })
  const { request, answered } = openRequest(run.url, { method: 'GET' })
  request.end()
  const response = await answered
  await once(response, 'data')
  const ended = once(response, 'error')
  run.worker.close()
  expect(await ended).toMatchObject([{ code: 'ECONNRESET' }])
})

it('a client that goes ends the writing', async () => {
  const run = await runHttp()
  const closed = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', ({ response }) => {
    response.onGone(() => closed.resolve())
    response.write('half')
    return null
  })
  const { request, answered } = openRequest(run.url, { method: 'GET' })
  request.end()
  await once(await answered, 'data')
  request.destroy()
  await within(5_000, 'the end of the writer', closed.promise)
})

it('a client that goes while the handler has not written ends its writing too', async () => {
  const run = await runHttp()
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', ({ response }) => {
    response.onGone(() => closed.resolve())
    response.sendMessage(status(200))
    opened.resolve()
    return null
  })
  const { request } = openRequest(run.url, { method: 'GET' })
  request.end()
  await opened.promise
  request.destroy()
  await within(5_000, 'the end of the writer', closed.promise)
})

it('a client that does not read holds the worker up, and gets everything when it does', async () => {
  const run = await runHttp()
  const MiB = 1024 * 1024
  const CHUNKS = 64
  let written = 0
  const held = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', async ({ response }) => {
    for (; written < CHUNKS; written++) {
      if (response.write(Buffer.alloc(MiB, written))) continue
      await Promise.race([once(response.stream, 'drain'), new Promise((resolve) => setImmediate(resolve))])
      if (response.stream.writableNeedDrain && written < CHUNKS / 2) held.resolve()
      if (response.stream.writableNeedDrain) await once(response.stream, 'drain')
    }
    response.close()
    return null
  })
  const { request, answered } = openRequest(run.url, { method: 'GET' })
  request.end()
  const response = await answered
  // Nothing is read: what fits into the buffers on the way is less than all of it.
  await within(5_000, 'the worker to be held up', held.promise)
  expect(written).toBeLessThan(CHUNKS)
  let bytes = 0
  for await (const chunk of response) bytes += (chunk as Buffer).length
  expect(bytes).toBe(CHUNKS * MiB)
})

it('a length that the worker promises is kept to: less and more break the connection', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /:length', ({ response, path_params }) => {
    const headers = { 'content-length': path_params['length'] }
    response.sendMessage(control({ type: 'set_headers', headers }))
    response.write('12345')
    response.close()
    return null
  })
  const whole = await fetch(`${run.url}/5`)
  expect([whole.headers.get('content-length'), await whole.text()]).toEqual(['5', '12345'])
  await expect(fetch(`${run.url}/6`).then((response) => response.text())).rejects.toThrow()
  // What there was arrives, and then the connection ends.
  const less = await rawConnection(`${run.url}`)
  less.socket.write('GET /6 HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await less.ended).toMatch(/content-length: 6\r\n(?:.*\r\n)*\r\n12345$/)
  const more = await rawConnection(`${run.url}`)
  more.socket.write('GET /4 HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await more.ended).not.toContain('12345')
})

it('HEAD of a route that streams is its head', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', ({ response }) => {
    response.sendMessage(control({ type: 'set_headers', headers: { 'x-a': 'b' } }))
    response.write('body')
    response.close()
    return null
  })
  const response = await fetch(run.url, { method: 'HEAD' })
  expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([200, 'b', ''])
})

it('a streamed response takes no slot', async () => {
  const run = await runHttp({ concurrency_request_limit: 1 })
  const close = Promise.withResolvers<void>()
  await run.serve('stream', 'GET /stream', async ({ response }) => {
    response.write('a')
    await close.promise
    response.close()
  })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const streamed = await fetch(`${run.url}/stream`)
  expect(await (await fetch(run.url)).json()).toBe('ok')
  close.resolve()
  expect(await streamed.text()).toBe('a')
})
