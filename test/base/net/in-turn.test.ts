// Requests that come on one connection before earlier ones are answered.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { RawHttp } from '../../support/raw-http.ts'
import { openListener } from './web-scene.ts'

interface Begun {
  readonly url: string
  readonly response: ServerResponse
  readonly body: string
}

/** A listener whose requests are collected when their bodies are there, and the connection to it. */
async function pipelining(
  method?: string,
): Promise<{ client: RawHttp; begun: Collector<Begun>; urls: () => string[] }> {
  const begun = new Collector<Begun>()
  const urls: string[] = []
  const listener = await openListener()
  listener.serve({
    handshakeTimeoutMs: 30_000,
    onRequest: (request, response) => {
      urls.push(request.url ?? '')
      let body = ''
      request.on('data', (chunk: Buffer) => (body += String(chunk)))
      request.on('end', () => begun.add({ url: request.url ?? '', response, body }))
    },
  })
  const client = await RawHttp.open(`http://127.0.0.1:${listener.address.port}`, method)
  return { client, begun, urls: () => urls }
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

test('A request begins when the one before it on its connection is answered', async () => {
  const { client, begun, urls } = await pipelining()
  client.send(Array.from({ length: 50 }, (_, index) => get(`/${index}`)).join(''))
  for (let index = 0; index < 50; index++) {
    const { response } = (await begun.take(index + 1)).at(-1)!
    expect(urls()).toHaveLength(index + 1)
    response.end(`answer ${index}`)
    expect((await client.next())?.body).toBe(`answer ${index}`)
  }
})

test('A body that has not come as a whole is read when its request begins', async () => {
  const { client, begun } = await pipelining()
  client.send(`${get('/0')}POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc`)
  const [first] = await begun.take(1)
  client.send(`def${get('/2')}`)
  first?.response.end('one')
  const [, second] = await begun.take(2)
  expect(second).toMatchObject({ url: '/1', body: 'abcdef' })
  second?.response.end('two')
  const [, , third] = await begun.take(3)
  third?.response.end('three')
  expect([await client.next(), await client.next(), await client.next()].map((answer) => answer?.body)).toEqual([
    'one',
    'two',
    'three',
  ])
})

test('A request that waits for 100 Continue is told so in its turn', async () => {
  const { client, begun } = await pipelining()
  client.send(`${get('/0')}POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`)
  const [first] = await begun.take(1)
  first?.response.end('one')
  expect(await client.next()).toMatchObject({ status: 200, body: 'one' })
  expect(await client.next()).toMatchObject({ status: 100 })
  client.send('abc')
  const [, second] = await begun.take(2)
  second?.response.end(second.body)
  expect(await client.next()).toMatchObject({ status: 200, body: 'abc' })
})

test('Little is read of a connection while requests wait on it, however many they are', async () => {
  const { client, begun, urls } = await pipelining()
  client.send(get('/', `X: ${'x'.repeat(1_000)}\r\n`).repeat(8_000))
  for (let index = 0; index < 12; index++) {
    const { response } = (await begun.take(index + 1)).at(-1)!
    expect(response.socket?.bytesRead).toBeLessThan(256 * 1024)
    response.end()
    await client.next()
  }
  expect(urls().length).toBeLessThanOrEqual(13)
})

test('What waits when its connection ends is never begun', async () => {
  const { client, begun, urls } = await pipelining()
  client.send(get('/first') + get('/second'))
  const [first] = await begun.take(1)
  const closed = once(first!.response.socket!, 'close')
  first?.response.setHeader('Connection', 'close').end('done')
  expect((await client.rest()).map(({ body }) => body)).toEqual(['done'])
  await closed
  expect(urls()).toEqual(['/first'])
})

test('CONNECT is refused in words', async () => {
  const { client, urls } = await pipelining()
  client.send('CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\nGET /secret HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await client.rest()).map(({ status }) => status)).toEqual([405])
  expect(urls()).toEqual([])
})
