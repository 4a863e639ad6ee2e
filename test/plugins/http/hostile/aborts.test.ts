// Clients that go away, at every point of a request: what it had taken is free again. One slot and no queue show it: if anything were
// left behind, the next request would get 503.
import { describe, expect, it } from 'vitest'
import { Collector, within } from '../../../support/deadline.ts'
import { RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp, type HandlerRequest, type HttpRun } from '../http-run.ts'

async function withOneSlot(config = {}): Promise<{ run: HttpRun; called: Collector<HandlerRequest> }> {
  const run = await runHttp({ concurrency_request_limit: 1, max_waiting_requests: 0, ...config })
  const called = new Collector<HandlerRequest>()
  await run.serve('ok', 'GET /ok', () => ({ body: 'ok' }))
  await run.serve('held', 'POST /held', (request) => {
    called.add(request)
    return new Promise(() => {})
  })
  return { run, called }
}

/** Asks until the slot is free: that a client has gone is news that takes its way. */
async function isServedAgain(run: HttpRun): Promise<void> {
  await expect.poll(async () => (await fetch(`${run.url}/ok`)).status).toBe(200)
}

const held = (headers: readonly string[] = [], body = ''): string =>
  requestText('POST /held', headers, body, { keepAlive: true })

describe.each(['reset', 'end'] as const)('a client that leaves by %s', (how) => {
  const leave = (client: RawHttp): void => void (how === 'reset' ? client.reset() : client.socket.destroy())

  it.each([
    ['before it has said anything', ''],
    ['in the request line', 'GET /ok HT'],
    ['in a header', 'GET /ok HTTP/1.1\r\nHost: a\r\nX-Long: abc'],
  ])('%s', async (_when, bytes) => {
    const { run } = await withOneSlot()
    const client = await RawHttp.open(run.url)
    client.send(bytes)
    leave(client)
    await client.closed()
    await isServedAgain(run)
  })

  it('in a JSON body', async () => {
    const { run, called } = await withOneSlot()
    const client = await RawHttp.open(run.url)
    client.send(held(['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue']))
    expect((await client.next())?.status).toBe(100)
    client.send('{"a":')
    leave(client)
    await isServedAgain(run)
    expect(called.items).toEqual([])
  })

  it('in another body, whose reader learns that it is not whole', async () => {
    const { run, called } = await withOneSlot()
    const client = await RawHttp.open(run.url)
    client.send(held(['Content-Length: 100'], 'abc'))
    const [request] = await called.take(1)
    const ended = new Promise<boolean>((resolve) => request!.request_body.onEnd(({ clean }) => resolve(clean)))
    leave(client)
    expect(await within(10_000, 'the end of the body', ended)).toBe(false)
    await isServedAgain(run)
  })

  it('while its function works', async () => {
    const { run, called } = await withOneSlot()
    const client = await RawHttp.open(run.url)
    client.send(held())
    await called.take(1)
    leave(client)
    await isServedAgain(run)
  })

  it('while its answer is streamed, of which the writer learns', async () => {
    const { run } = await withOneSlot()
    const gone = Promise.withResolvers<void>()
    await run.serve('stream', 'GET /stream', ({ response }) => {
      response.onGone(() => gone.resolve())
      response.write(Buffer.from('first'))
      return null
    })
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /stream', [], '', { keepAlive: true }))
    await client.until(/first/)
    leave(client)
    await within(10_000, 'the writer to be told', gone.promise)
    await isServedAgain(run)
  })

  it('while it waits for its slot', async () => {
    const { run, called } = await withOneSlot({ max_waiting_requests: 1 })
    const first = await RawHttp.open(run.url)
    first.send(held())
    await called.take(1)
    const waiting = await RawHttp.open(run.url)
    waiting.send(held())
    // There is room for one that waits: a further one is refused as soon as the one before it waits.
    await expect
      .poll(
        async () => (await fetch(`${run.url}/ok`, { signal: AbortSignal.timeout(200) }).catch(() => undefined))?.status,
      )
      .toBe(503)
    leave(waiting)
    leave(first)
    await isServedAgain(run)
  })
})

it('a client that has only closed its own side gets its answer', async () => {
  const { run } = await withOneSlot()
  const client = await RawHttp.open(run.url)
  client.socket.end(Buffer.from(requestText('GET /ok')))
  expect(await client.rest()).toMatchObject([{ status: 200, body: '"ok"' }])
})

it('a function that streams to a client that takes nothing is held back, and told when the client has gone', async () => {
  const { run } = await withOneSlot()
  const full = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  let written = 0
  await run.serve('stream', 'GET /stream', ({ response }) => {
    response.onGone(() => gone.resolve())
    const piece = Buffer.alloc(64 * 1024)
    const write = (): void => {
      do written += piece.length
      while (response.write(piece))
      full.resolve()
    }
    response.onDrain(write)
    write()
    return null
  })
  const client = await RawHttp.open(run.url)
  client.socket.pause()
  client.send(requestText('GET /stream', [], '', { keepAlive: true }))
  await within(10_000, 'the writer to be held back', full.promise)
  // Further requests are served: what waits for this client waits in buffers of the system and in windows of some hundred KiB.
  for (let round = 0; round < 20; round++) expect((await fetch(`${run.url}/ok`)).status).toBe(200)
  expect(written).toBeLessThan(64 * 1024 * 1024)
  client.reset()
  await within(10_000, 'the writer to be told', gone.promise)
})
