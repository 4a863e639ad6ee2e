// HTTP endpoints asked by a page of another origin in a real Chromium: fetch with CORS, bodies that are read and sent as streams,
// EventSource (spec 06 A.8, A.9).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { launchBrowser } from '../../examples/browser.ts'
import { runHttp } from '../../plugins/http/http-run.ts'
import { Collector, within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'

describe.skipIf(lacks('Chromium'))('a page (needs Chromium)', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('reads answers of each kind across origins, their headers included', async () => {
    const run = await runHttp()
    await run.serve('page', 'GET /page', () => ({ status_code: 203, headers: { 'x-total': '7' }, body: { n: 1 } }))
    await run.serve('boom', 'GET /boom', () => {
      throw new Error('no disk')
    })
    const { page } = await openPage(browser)
    const answers = await page.evaluate(async (url) => {
      const answer = async (path: string, init?: RequestInit) => {
        const response = await fetch(`${url}${path}`, init)
        const text = await response.text()
        return [response.status, response.headers.get('x-total'), text === '' ? null : JSON.parse(text)]
      }
      return Promise.all([answer('/page'), answer('/nowhere'), answer('/boom'), answer('/page', { method: 'POST' })])
    }, run.url)
    expect(answers).toEqual([
      [203, '7', { n: 1 }],
      [404, null, { error: { code: 'NOT_FOUND', message: 'Not Found' } }],
      [500, null, { error: expect.objectContaining({ message: 'no disk' }) }],
      [405, null, null],
    ])
  })

  it('may send what a preflight is needed for: other methods, JSON, headers of its own', async () => {
    const run = await runHttp()
    const seen: any[] = []
    await run.serve('save', 'PATCH /todos/:id', (request) => (seen.push(request), { body: request.body }))
    const { page, origin } = await openPage(browser)
    const saved = await page.evaluate(async (url) => {
      const headers = { 'content-type': 'application/json', 'x-tenant': 'a', authorization: 'Bearer tok' }
      const response = await fetch(`${url}/todos/7`, { method: 'PATCH', headers, body: '{"done":true}' })
      return response.json()
    }, run.url)
    expect(saved).toEqual({ done: true })
    expect(seen).toHaveLength(1)
    expect(seen[0].headers).toMatchObject({ origin, 'x-tenant': 'a', authorization: 'Bearer tok' })
  })

  it('of another origin than the allowed ones may not read answers, nor send what a preflight is needed for', async () => {
    const { page, origin } = await openPage(browser)
    const other = await openPage(browser)
    const run = await runHttp({ cors: { allowed_origins: [origin], allowed_methods: ['GET', 'PUT'] } })
    await run.serve('read', 'GET /things', () => ({ body: 'things' }))
    await run.serve('write', 'PUT /things', () => ({ body: 'written' }))
    const removed: unknown[] = []
    await run.serve('remove', 'DELETE /things', () => (removed.push(1), { body: 'removed' }))
    const attempts = (url: string): Promise<string[]> =>
      Promise.all(
        ['GET', 'PUT', 'DELETE'].map((method) =>
          fetch(`${url}/things`, { method }).then(
            (response) => response.text(),
            (error: Error) => error.name,
          ),
        ),
      )
    expect(await page.evaluate(attempts, run.url)).toEqual(['"things"', '"written"', 'TypeError'])
    expect(await other.page.evaluate(attempts, run.url)).toEqual(['TypeError', 'TypeError', 'TypeError'])
    expect(removed).toEqual([])
  })

  it('reads a stream piece by piece, and the function hears when it stops', async () => {
    const run = await runHttp()
    const writing = Promise.withResolvers<any>()
    await run.serve('pieces', 'GET /pieces', ({ response }) => {
      response.sendMessage(JSON.stringify({ type: 'set_headers', headers: { 'content-type': 'text/plain' } }))
      response.stream.write(Buffer.from('0'))
      writing.resolve(response.stream)
    })
    const { page } = await openPage(browser)
    const first = await page.evaluate(async (url) => {
      const controller = new AbortController()
      const response = await fetch(`${url}/pieces`, { signal: controller.signal })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      Object.assign(globalThis, { next: async () => (await reader.read()).value, stop: () => controller.abort() })
      return (await reader.read()).value
    }, run.url)
    expect(first).toBe('0')
    const stream = await writing.promise
    stream.on('error', () => {})
    for (const n of ['1', '2', '3']) {
      stream.write(Buffer.from(n))
      expect(await page.evaluate('next()')).toBe(n)
    }
    const closed = once(stream, 'close')
    await page.evaluate('stop()')
    await within(10_000, 'the end of the stream', closed)
  })

  it('sends a form with a large file', async () => {
    const run = await runHttp()
    await run.serve('form', 'POST /form', async ({ headers, request_body }) => {
      const bytes = await request_body.readAll()
      const form = await new Response(bytes, { headers: { 'content-type': headers['content-type'] } }).formData()
      const file = form.get('file') as File
      const content = new Uint8Array(await file.arrayBuffer())
      return { body: [form.get('title'), file.name, content.length, content.at(-1)] }
    })
    const { page } = await openPage(browser)
    const answer = await page.evaluate(async (url) => {
      const content = new Uint8Array(5_000_000)
      content[content.length - 1] = 7
      const form = new FormData()
      form.set('title', 'é✓')
      form.set('file', new File([content], 'photo.jpg'))
      return (await fetch(`${url}/form`, { method: 'POST', body: form })).json()
    }, run.url)
    expect(answer).toEqual(['é✓', 'photo.jpg', 5_000_000, 7])
  })

  it('follows events by name, comes back by itself and says where it was, until it stops', async () => {
    const run = await runHttp()
    const requests = new Collector<any>()
    await run.serve('events', 'GET /events', (request) => {
      request.response.stream.on('error', () => {})
      request.response.sendMessage(
        JSON.stringify({ type: 'set_headers', headers: { 'content-type': 'text/event-stream' } }),
      )
      requests.add(request)
    })
    const { page } = await openPage(browser)
    await page.evaluate((url) => {
      const source = new EventSource(`${url}/events`)
      const seen: unknown[] = []
      source.addEventListener('message', ({ data, lastEventId }) => seen.push(['message', data, lastEventId]))
      source.addEventListener('tick', (event) => {
        const { data, lastEventId } = event as MessageEvent
        seen.push(['tick', data, lastEventId])
      })
      Object.assign(globalThis, { seen, source })
    }, run.url)
    const seen = (): Promise<unknown[]> => page.evaluate('seen') as Promise<unknown[]>

    const [first] = await requests.take(1, 10_000)
    expect(first.headers).toMatchObject({ accept: 'text/event-stream' })
    expect(first.headers['last-event-id']).toBeUndefined()
    first.response.stream.write(Buffer.from('retry: 1\nid: 1\ndata: hello\n\n'))
    await expect.poll(seen).toEqual([['message', 'hello', '1']])
    // An event in two pieces is one.
    first.response.stream.write(Buffer.from('id: 2\nevent: tick\nda'))
    first.response.stream.write(Buffer.from('ta: {"n":2}\n\n'))
    await expect.poll(seen).toEqual([
      ['message', 'hello', '1'],
      ['tick', '{"n":2}', '2'],
    ])
    first.response.close()

    const [, second] = await requests.take(2, 10_000)
    expect(second.headers['last-event-id']).toBe('2')
    second.response.stream.write(Buffer.from('id: 3\nevent: tick\ndata: again\n\n'))
    await expect.poll(async () => (await seen()).at(-1)).toEqual(['tick', 'again', '3'])
    const closed = once(second.response.stream, 'close')
    await page.evaluate('source.close()')
    await within(10_000, 'the end of the stream', closed)
    expect(requests.items).toHaveLength(2)
  })

  it('gives up events where there are none', async () => {
    const run = await runHttp()
    await run.serve('done', 'GET /done', () => ({
      status_code: 204,
      headers: { 'content-type': 'text/plain' },
      body: null,
    }))
    const { page } = await openPage(browser)
    const states = await page.evaluate(async (url) => {
      const ended = (path: string) =>
        new Promise<number>((resolve) => {
          const source = new EventSource(`${url}${path}`)
          source.addEventListener('error', () => resolve(source.readyState))
        })
      return [await ended('/done'), await ended('/nowhere')]
    }, run.url)
    // EventSource.CLOSED
    expect(states).toEqual([2, 2])
  })
})

/** An empty page of an origin of its own. */
async function openPage(browser: Browser): Promise<{ page: Page; origin: string }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><link rel="icon" href="data:,">')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const page = await browser.newPage()
  onTestFinished(async () => {
    await page.close()
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await page.goto(origin)
  return { page, origin }
}
