// Bodies that are too large, too deep, not what they say, or not all there.
import { describe, expect, it } from 'vitest'
import { MAX_JSON_DEPTH } from '../../../../plugins/http/request/json-body.ts'
import { RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp, type HttpRun } from '../http-run.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A route that tells what it got. */
async function echoing(
  config = {},
): Promise<{ run: HttpRun; bodies: unknown[]; post: (body: string | Buffer) => Promise<Response> }> {
  const run = await runHttp(config)
  const bodies: unknown[] = []
  await run.serve('f', 'POST /', ({ body }) => {
    bodies.push(body)
    return {}
  })
  return { run, bodies, post: (body) => fetch(run.url, { method: 'POST', headers: JSON_TYPE, body }) }
}

describe('a JSON body', () => {
  it.each([
    ['with a name twice: the last one counts', '{"a":1,"a":2}', { a: 2 }],
    ['with a member __proto__, which is a member', '{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}')],
    ['with half a character', '"\\ud800"', '\ud800'],
    ['with a byte order mark', '\ufeff{}', null],
    ['that is no JSON', '{"a":1,}', null],
    ['that is JSON and more', '{} {}', null],
    ['that is not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), null],
    ['that is overlong UTF-8', Buffer.from([0x22, 0xc0, 0x80, 0x22]), null],
    ['that is NaN', 'NaN', null],
    ['that is not closed', '['.repeat(1_000), null],
  ])('%s', async (_what, text, expected) => {
    const { bodies, post } = await echoing()
    expect((await post(text)).status).toBe(200)
    expect(bodies).toEqual([expected])
    if (expected !== null && typeof expected === 'object')
      expect(Object.keys(bodies[0] as object)).toEqual(Object.keys(expected))
  })

  it('reaches its function with numbers as they were written', async () => {
    const run = await runHttp()
    await run.serve('f', 'POST /', (request) => ({ body: request }))
    // What the router passes on is the text; a function that returns it shows what JavaScript makes of it.
    const response = await fetch(run.url, { method: 'POST', headers: JSON_TYPE, body: '{"a":1e400,"b":-0}' })
    expect(((await response.json()) as { body: unknown }).body).toEqual({ a: null, b: 0 })
  })

  it('nested as deep as may be reaches its function', async () => {
    const { bodies, post } = await echoing()
    const deepest = '['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH)
    expect((await post(deepest)).status).toBe(200)
    expect(JSON.stringify(bodies[0])).toBe(deepest)
  })

  it.each([MAX_JSON_DEPTH + 1, 10_000, 200_000])(
    'nested %i levels deep is null, and its bytes are there',
    async (depth) => {
      const run = await runHttp()
      await run.serve('f', 'POST /', async ({ body, request_body }) => ({
        body: [body, (await request_body.readAll()).length],
      }))
      for (const text of ['['.repeat(depth) + ']'.repeat(depth), '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)]) {
        const response = await fetch(run.url, { method: 'POST', headers: JSON_TYPE, body: text })
        expect(await response.json()).toEqual([null, text.length])
      }
    },
  )

  it.each([
    ['says that it is too large', (size: number) => `Content-Length: ${size}`, false],
    ['turns out to be too large', () => 'Transfer-Encoding: chunked', true],
  ])('that %s gives 413, and its function is not called', async (_what, header, isChunked) => {
    const { run, bodies } = await echoing({ json_body_limit: 1_000 })
    const client = await RawHttp.open(run.url)
    client.send(requestText('POST /', ['Content-Type: application/json', header(2_000)], '', { keepAlive: true }))
    const text = `"${'x'.repeat(1_998)}"`
    client.send(isChunked ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text)
    const answer = await client.next()
    expect([answer?.status, JSON.parse(answer?.body ?? '{}').error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    expect(bodies).toEqual([])
  })

  it('as large as it may be is served', async () => {
    const { bodies, post } = await echoing({ json_body_limit: 1_000 })
    expect((await post(`"${'x'.repeat(998)}"`)).status).toBe(200)
    expect(bodies).toEqual(['x'.repeat(998)])
  })
})

it('any body beyond body_limit gives 413', async () => {
  const run = await runHttp({ body_limit: 1_000 })
  await run.serve('f', 'POST /', async ({ request_body }) => ({ body: (await request_body.readAll()).length }))
  const post = (size: number): Promise<Response> =>
    fetch(run.url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(size) })
  expect(await (await post(1_000)).json()).toBe(1_000)
  expect((await post(1_001)).status).toBe(413)
})

it('a client that announces a body and sends none is answered in time, and its function not called', async () => {
  const { run, bodies } = await echoing({ default_timeout: 100 })
  const client = await RawHttp.open(run.url)
  client.send(requestText('POST /', ['Content-Type: application/json', 'Content-Length: 10'], '', { keepAlive: true }))
  expect((await client.next())?.status).toBe(504)
  expect(bodies).toEqual([])
})
