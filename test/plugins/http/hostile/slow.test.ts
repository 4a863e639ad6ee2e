// Clients that take their time: with the head, with the body, with the answer, or with everything.
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { unsentAnswers } from '../../../../plugins/http/exchange/unsent-answers.ts'
import { within } from '../../../support/deadline.ts'
import { RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp } from '../http-run.ts'

const KEPT = { keepAlive: true }

describe('a connection', () => {
  it.each([
    ['that says nothing is closed', ''],
    ['that stops within its head gets 408', 'GET / HTTP/1.1\r\nHost: a\r\nX-Long: abc'],
  ])('%s after head_timeout_ms', async (_what, bytes) => {
    const run = await runHttp({ head_timeout_ms: 100 })
    const client = await RawHttp.open(run.url)
    client.send(bytes)
    const statuses = (await client.rest()).map(({ status }) => status)
    // Who says nothing is found by one of two timers, of which Node's answers.
    expect(bytes === '' ? [[], [408]] : [[408]]).toContainEqual(statuses)
  })

  it('that sends its head letter by letter has no more time for it than others', async () => {
    const run = await runHttp({ head_timeout_ms: 200 })
    const client = await RawHttp.open(run.url)
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX: ')
    const dripping = setInterval(() => client.socket.writable && client.send('x'), 5)
    await client.closed()
    clearInterval(dripping)
    expect(client.socket.bytesWritten).toBeLessThan(16_384)
  })

  it('that is idle between two requests is closed after keep_alive_timeout_ms', async () => {
    const run = await runHttp({ keep_alive_timeout_ms: 100 })
    await run.serve('f', 'GET /', () => ({ body: 'ok' }))
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /', [], '', KEPT))
    expect(await client.next()).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } })
    await client.closed()
  })
})

it('a body that stops is given up with its request, whoever reads it, and its connection closed', async () => {
  const run = await runHttp({ default_timeout: 100 })
  const ended = Promise.withResolvers<boolean>()
  await run.serve('f', 'POST /', ({ request_body }) => {
    request_body.onEnd(({ clean }) => ended.resolve(clean))
    return new Promise(() => {})
  })
  const client = await RawHttp.open(run.url)
  client.send(requestText('POST /', ['Content-Length: 1000000'], 'abc', KEPT))
  expect((await client.next())?.status).toBe(504)
  expect(await within(10_000, 'the end of the body', ended.promise)).toBe(false)
  await client.closed()
})

describe('a client that takes nothing of', () => {
  const piece = Buffer.alloc(64 * 1024, 'x')

  it('a whole answer is given up after send_timeout_ms', async () => {
    const run = await runHttp({ send_timeout_ms: 100, max_connections: 1 })
    await run.serve('ok', 'GET /ok', () => ({ body: 'ok' }))
    await run.serve('f', 'GET /', () => ({
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(32 * 1024 * 1024),
    }))
    const client = await RawHttp.open(run.url)
    client.socket.pause()
    client.send(requestText('GET /', [], '', KEPT))
    // There is no place for another connection until this one has gone.
    await expect
      .poll(() =>
        fetch(`${run.url}/ok`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200)
    // The answer is more than what the system keeps for the client, which sees the end when it reads at last.
    const closed = once(client.socket, 'close')
    client.socket.resume()
    await within(10_000, 'the end of the connection', closed)
    expect(client.socket.bytesRead).toBeLessThan(32 * 1024 * 1024)
  })

  it('answers is given up for others when all of them together are too much', async () => {
    const run = await runHttp()
    const MiB = 1024 * 1024
    await run.serve('f', 'GET /:size', ({ path_params }) => ({
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(Number(path_params['size'])),
    }))
    const { most } = unsentAnswers
    unsentAnswers.most = 40 * MiB
    onTestFinished(() => void (unsentAnswers.most = most))
    const clients: RawHttp[] = []
    const sizes = [16 * MiB, 16 * MiB, 20 * MiB]
    for (const size of sizes) {
      const client = await RawHttp.open(run.url)
      clients.push(client)
      client.socket.pause()
      const before = unsentAnswers.bytes
      client.send(requestText(`GET /${size}`, [], '', KEPT))
      // The last one too: it is larger than the one that goes for it.
      await expect.poll(() => unsentAnswers.bytes, { timeout: 10_000 }).toBeGreaterThan(before)
    }
    const [first, ...others] = clients.map(async ({ socket }) => {
      await once(socket.resume(), 'close')
      return socket.bytesRead
    })
    expect(await within(10_000, 'the end of the first connection', first!)).toBeLessThan(sizes[0]!)
    for (const index of [1, 2]) {
      const { socket } = clients[index]!
      await expect.poll(() => socket.bytesRead, { timeout: 10_000 }).toBeGreaterThan(sizes[index]!)
      socket.destroy()
    }
    await Promise.all(others)
    await expect.poll(() => unsentAnswers.bytes, { timeout: 10_000 }).toBe(0)
  })

  it('a stream is given up after send_timeout_ms, and its writer told', async () => {
    const run = await runHttp({ send_timeout_ms: 100 })
    const gone = Promise.withResolvers<void>()
    await run.serve('f', 'GET /', ({ response }) => {
      response.onGone(() => gone.resolve())
      const write = (): void => {
        while (response.write(piece));
      }
      response.onDrain(write)
      write()
      return null
    })
    const client = await RawHttp.open(run.url)
    client.socket.pause()
    client.send(requestText('GET /', [], '', KEPT))
    await within(10_000, 'the writer to be told', gone.promise)
  })

  it('a stream in which nothing happens is not given up', async () => {
    const run = await runHttp({
      send_timeout_ms: 50,
      default_timeout: 50,
      head_timeout_ms: 50,
      keep_alive_timeout_ms: 50,
    })
    const later = Promise.withResolvers<void>()
    await run.serve('f', 'GET /', async ({ response }) => {
      response.write(Buffer.from('first'))
      await later.promise
      response.write(Buffer.from('second'))
      response.close()
      return null
    })
    await run.serve('slow', 'GET /slow', () => new Promise(() => {}))
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /'))
    await client.until(/first/)
    // Requests that run into their limits one after the other: more time than each of the settings.
    for (let round = 0; round < 4; round++) expect((await fetch(`${run.url}/slow`)).status).toBe(504)
    later.resolve()
    expect(await client.next()).toMatchObject({ status: 200, body: 'firstsecond' })
  })
})
