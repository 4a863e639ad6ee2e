// Calls whose endpoint gives no answer, half of one, or too much (spec 06 B.3, check 33).
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock, settled } from '../../../testing/index.ts'
import { apiServer } from './api-server.ts'
import { runHttpFunctions } from './run-http-functions.ts'

/** A server that does with each connection what the test wants. */
async function socketServer(onSocket: (socket: Socket) => void): Promise<{ url: string; port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, port }
}

describe('no answer', () => {
  test('because nobody listens', async () => {
    const api = await apiServer()
    const { url } = api
    await api.close()
    const run = await runHttpFunctions()
    await run.register({ url, method: 'PUT' })
    expect(await run.failure()).toEqual({
      code: 'http_request_failed',
      message: `PUT to ${url}: connect ECONNREFUSED ${url.slice('http://'.length)}`,
    })
  })

  test('because the name leads nowhere', async () => {
    const resolve = async (): Promise<never> => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    }
    const run = await runHttpFunctions({ resolve })
    await run.register({ url: 'http://nowhere.example/' })
    expect(await run.failure()).toEqual({
      code: 'http_request_failed',
      message: "POST to http://nowhere.example: DNS lookup failed: ENOTFOUND for 'nowhere.example'",
    })
  })

  test('because the connection breaks', async () => {
    const { url } = await socketServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.failure()).toEqual({
      code: 'http_request_failed',
      message: expect.stringMatching(/^POST to http:\/\/127.0.0.1:\d+: .*ECONNRESET/),
    })
  })

  test('because the other side ends instead', async () => {
    const { url } = await socketServer((socket) => socket.once('data', () => socket.end()))
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.failure()).toMatchObject({ code: 'http_request_failed' })
  })

  test('because what comes is no HTTP', async () => {
    const { url } = await socketServer((socket) => socket.once('data', () => socket.end('220 mail ready\r\n')))
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.failure()).toMatchObject({
      code: 'http_request_failed',
      message: expect.stringContaining('Parse Error'),
    })
  })

  test('within the time: the connection is closed', async () => {
    const closed = Promise.withResolvers<void>()
    const { url } = await socketServer((socket) => socket.once('close', () => closed.resolve()))
    const run = await runHttpFunctions()
    await run.register({ url, timeout_ms: 50 })
    expect(await run.failure()).toMatchObject({
      code: 'http_request_failed',
      message: expect.stringContaining('timed out after 50 ms'),
    })
    await closed.promise
  })

  test.each([
    ['30 s where nothing is said', undefined, 30_000],
    ['what is said', 500, 500],
    ['60 s at most', 3_600_000, 60_000],
  ])('within %s', async (_what, timeout_ms, ms) => {
    const clock = new ManualClock()
    const api = await apiServer(() => undefined)
    const run = await runHttpFunctions({ clock })
    await run.register({ url: api.url, ...(timeout_ms !== undefined && { timeout_ms }) })
    const failure = run.failure()
    await expect.poll(() => api.requests.length).toBe(1)
    let isOver = false
    void failure.then(() => (isOver = true))
    await clock.pass(ms - 1)
    await settled()
    expect(isOver).toBe(false)
    await clock.pass(1)
    expect(await failure).toMatchObject({ message: expect.stringContaining(`timed out after ${ms} ms`) })
  })

  test('within the time that the engine waits', async () => {
    const closed = Promise.withResolvers<void>()
    const { url } = await socketServer((socket) => socket.once('close', () => closed.resolve()))
    const run = await runHttpFunctions({ engine: { max_invocation_ms: 100 } })
    await run.register({ url })
    // The engine and the worker look at the same time: one of the two is first.
    expect((await run.failure()).code).toMatch(/^(timeout|http_request_failed)$/)
    await closed.promise
  })
})

describe('an answer that', () => {
  test('breaks off', async () => {
    const { url } = await socketServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":')),
    )
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.failure()).toEqual({
      code: 'http_response_failed',
      message: expect.stringMatching(/^POST to http:\/\/127.0.0.1:\d+: the answer broke off after 5 bytes: /),
    })
  })

  test('ends with its connection is whole', async () => {
    const { url } = await socketServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n{"a":1}')),
    )
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.call()).toEqual({ a: 1 })
  })

  test('comes while nothing more can be sent is taken', async () => {
    const { url } = await socketServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n'))
    })
    const run = await runHttpFunctions()
    await run.register({ url })
    expect(await run.failure({ a: 'x'.repeat(4 << 20) })).toMatchObject({ code: 'http_error' })
  })

  test('stops in the middle runs into the time', async () => {
    const { url } = await socketServer((socket) =>
      socket.once('data', () => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{')),
    )
    const run = await runHttpFunctions()
    await run.register({ url, timeout_ms: 100 })
    expect(await run.failure()).toMatchObject({
      code: 'http_request_failed',
      message: expect.stringContaining('timed out after 100 ms'),
    })
  })

  test.each([
    [
      'says that it is too long',
      { 'content-length': '1001' },
      'has 1001 bytes, more than the 1000 bytes of max_response_bytes',
    ],
    ['is too long without saying so', {}, 'is longer, more than the 1000 bytes of max_response_bytes'],
  ])('%s is not taken', async (_what, headers, message) => {
    const api = await apiServer((_request, response) => void response.writeHead(200, headers).end('x'.repeat(1_001)))
    const run = await runHttpFunctions({ config: { max_response_bytes: 1_000 } })
    await run.register({ url: api.url })
    expect(await run.failure()).toEqual({
      code: 'response_too_large',
      message: `POST to ${api.url}: the answer ${message}`,
    })
  })

  test('is as long as it may be is taken', async () => {
    const api = await apiServer((_request, response) => void response.end(`"${'x'.repeat(998)}"`))
    const run = await runHttpFunctions({ config: { max_response_bytes: 1_000 } })
    await run.register({ url: api.url })
    expect(await run.call()).toHaveLength(998)
  })

  test('is longer than it looks is not unpacked to its end', async () => {
    const bomb = gzipSync(Buffer.alloc(32 << 20, 'x'))
    expect(bomb.length).toBeLessThan(100_000)
    const api = await apiServer(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const run = await runHttpFunctions({ config: { max_response_bytes: 100_000 } })
    await run.register({ url: api.url })
    expect(await run.failure()).toMatchObject({ code: 'response_too_large' })
  })

  test.each([
    ['can not be decompressed', 'gzip', 'incorrect header check'],
    ['is encoded in a way that nobody knows', 'x-mine', "the answer is encoded as 'x-mine', which can't be read"],
    ['is encoded more than once', 'gzip, br', "the answer is encoded as 'gzip, br', which can't be read"],
  ])('%s', async (_what, encoding, message) => {
    const api = await apiServer(
      (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end('{"a":1}'),
    )
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.failure()).toEqual({ code: 'http_response_failed', message: expect.stringContaining(message) })
  })

  test('has more headers than Node reads', async () => {
    const api = await apiServer(
      (_request, response) => void response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end('{}'),
    )
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    expect(await run.failure()).toMatchObject({
      code: 'http_request_failed',
      message: expect.stringContaining('Header overflow'),
    })
  })
})

test('Payload and answer of several megabytes pass', async () => {
  const api = await apiServer(({ body }, response) => void response.end(body))
  const run = await runHttpFunctions()
  await run.register({ url: api.url })
  const text = 'ü'.repeat(3 << 20)
  expect(((await run.call({ text })) as { text: string }).text).toBe(text)
})

test('Stopped by force the worker ends its requests', async () => {
  const [asked, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { url } = await socketServer((socket) => {
    socket.once('data', () => asked.resolve())
    socket.once('close', () => closed.resolve())
  })
  const run = await runHttpFunctions()
  await run.register({ url })
  const failure = run.failure()
  await asked.promise
  await run.host.stop({ force: true })
  expect(await failure).toMatchObject({ code: 'invocation_stopped' })
  await closed.promise
})
