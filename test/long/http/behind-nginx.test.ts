// The nginx configuration of the guide on reverse proxies, in a real nginx before a whole engine: TLS and HTTP/2 outside, plain inside.
import { once } from 'node:events'
import { connect as connectH2, constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { connectSdk, V22, type Client } from '../../clients/versions.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { within } from '../../support/deadline.ts'
import { CountingRelay } from '../../support/counting-relay.ts'
import { lacks } from '../../support/needs.ts'
import { nginxBlocks, startNginxSites } from '../../support/nginx.ts'
import { RawClient } from '../../support/raw-client.ts'
import { selfSigned } from '../../support/self-signed.ts'
import { unusedPort } from '../../support/unused-port.ts'

const PUBLIC = `{ name: iii-worker-manager, config: { port: 0, rbac: { auth_function_id: gate::auth, expose_functions: ['match("public::*")'] } } }`
const BODY_LIMIT = 1_000_000

interface Scene {
  /** A worker behind nginx. */
  readonly inside: Client
  /** Of nginx. */
  readonly port: number
  readonly plainPort: number
  readonly ca: string
  /** What nginx opens to `iii-http`. */
  readonly relay: CountingRelay
  /** Provides a function and binds it; resolves when its route is there. */
  serve(route: string, handler: (request: any) => unknown): Promise<void>
  /** A request over HTTP/2. */
  ask(path: string, headers?: object): ClientHttp2Stream
}

/** The block as it stands on the page, but for ports and files. */
async function behindNginx(): Promise<Scene> {
  const folder = new EngineFolder()
  folder.configure(
    LISTENER,
    PUBLIC,
    '{ name: iii-stream, config: { port: 0, adapter: { name: kv, config: { store_method: in_memory } } } }',
    `{ name: iii-http, config: { port: 0, trust_proxy: true, body_limit: ${BODY_LIMIT} } }`,
  )
  await folder.start({ watch: false })
  const inside = connectSdk(V22, folder.url())
  inside.registerFunction('gate::auth', async ({ query_params, headers }: any) => {
    if (query_params['token']?.[0] !== 'tok-anna') throw new Error('this token is not valid')
    return { context: { address: headers['x-real-ip'] } }
  })
  inside.registerFunction('public::hello', async () => 'hello')

  const addressOf = (name: string): string => {
    const [address = ''] = folder.engine.status().plugins.find((plugin) => plugin.name === name)?.addresses ?? []
    return new URL(address).host
  }
  const relay = await CountingRelay.to(addressOf('iii-http'))
  const [port, plainPort] = [await unusedPort(), await unusedPort()]
  const { certFile, keyFile, cert } = selfSigned()
  const [block = ''] = await nginxBlocks('docs/guides/reverse-proxy.md')
  const sites = replaced(block, {
    '127.0.0.1:3111': relay.host,
    '127.0.0.1:49135': new URL(folder.url(1)).host,
    '127.0.0.1:3112': addressOf('iii-stream'),
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2;`,
    '/etc/ssl/api.example.com/fullchain.pem': certFile,
    '/etc/ssl/api.example.com/privkey.pem': keyFile,
  })
  const nginx = await startNginxSites(sites)
  onTestFinished(() => nginx.stop())
  const session = connectH2(`https://localhost:${port}`, { ca: cert })
  onTestFinished(() => session.destroy())
  const ask = (path: string, headers: object = {}): ClientHttp2Stream => session.request({ ':path': path, ...headers })
  return {
    inside,
    port,
    plainPort,
    ca: cert,
    relay,
    ask,
    async serve(route, handler) {
      const [http_method, api_path] = route.split(' ')
      inside.registerFunction(route, async (request) => handler(request))
      inside.registerTrigger({ type: 'http', function_id: route, config: { http_method, api_path } })
      const bound = async () =>
        (await inside.trigger({ function_id: 'engine::registered-triggers::list', payload: { function_id: route } }))
          .registered_triggers
      await expect.poll(bound).toHaveLength(1)
    },
  }
}

/** Each text exactly once: a page that was changed does not go untested. */
function replaced(block: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((all, [from, to]) => {
    expect(all.split(from).length, from).toBe(2)
    return all.replace(from, to)
  }, block)
}

async function headOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  const [head] = await within(10_000, 'the head of an answer', once(stream, 'response'))
  return head as IncomingHttpHeaders
}

async function answerTo(stream: ClientHttp2Stream): Promise<{ status: number | undefined; body: string }> {
  const head = await headOf(stream)
  return { status: head[':status'], body: await text(stream) }
}

describe.skipIf(lacks('nginx') || lacks('openssl'))(
  'An engine behind nginx as in the guide (needs nginx and openssl)',
  () => {
    test('Functions answer HTTP/2 and HTTP/1.1 over TLS, and see how they were asked', async () => {
      const { serve, ask, port, ca } = await behindNginx()
      await serve('GET /seen', ({ headers, url }) => ({ body: { headers, url } }))
      const { status, body } = await answerTo(ask('/seen?a=1', { 'x-forwarded-for': '203.0.113.7' }))
      expect(status).toBe(200)
      const seen = JSON.parse(body)
      expect(seen.url).toBe('/seen?a=1')
      expect(seen.headers).toMatchObject({
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'localhost',
        host: 'localhost',
        'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      })
      const plain = httpsRequest({
        port,
        host: '127.0.0.1',
        path: '/seen',
        ca,
        headers: { upgrade: 'h2c', connection: 'upgrade' },
      })
      plain.end()
      const [response] = await within(10_000, 'an answer', once(plain, 'response'))
      expect(response.statusCode).toBe(200)
      // Nothing of an upgrade reaches a server that knows none.
      const { headers } = JSON.parse(await text(response))
      expect([headers.upgrade, headers.connection]).toEqual([undefined, undefined])
    })

    test('Plain HTTP is sent on to TLS', async () => {
      const { plainPort } = await behindNginx()
      const response = await fetch(`http://127.0.0.1:${plainPort}/seen?a=1`, { redirect: 'manual' })
      expect([response.status, response.headers.get('location')]).toEqual([301, 'https://127.0.0.1/seen?a=1'])
    })

    test('Many requests at a time come over one connection, and those to the engine are used again', async () => {
      const { serve, ask, relay } = await behindNginx()
      await serve('GET /n/:n', ({ path_params }) => ({ body: Number(path_params.n) }))
      for (let n = 0; n < 10; n++) expect((await answerTo(ask(`/n/${n}`))).body).toBe(String(n))
      expect(relay.connections).toBe(1)
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => answerTo(ask(`/n/${n}`))))
      expect(answers.map(({ body }) => Number(body))).toEqual(Array.from({ length: 50 }, (_, n) => n))
      const opened = relay.connections
      expect(opened).toBeLessThanOrEqual(50)
      expect((await answerTo(ask('/n/1'))).body).toBe('1')
      expect(relay.connections).toBe(opened)
    })

    test('Events arrive one by one while their stream goes on, and its end arrives as well', async () => {
      const { serve, ask } = await behindNginx()
      const response = Promise.withResolvers<any>()
      await serve('GET /events', (request) => response.resolve(request.response))
      const stream = ask('/events', { accept: 'text/event-stream' })
      const events = stream.setEncoding('utf8').iterator()
      const writer = await response.promise
      const headers = { 'content-type': 'text/event-stream' }
      writer.sendMessage(JSON.stringify({ type: 'set_headers', headers }))
      for (const n of [1, 2, 3]) {
        writer.stream.write(Buffer.from(`data: ${n}\n\n`))
        expect((await within(10_000, `event ${n}`, events.next())).value).toBe(`data: ${n}\n\n`)
      }
      writer.close()
      expect((await within(10_000, 'the end', events.next())).done).toBe(true)
    })

    test('The function hears of a client that goes away', async () => {
      const { serve, ask } = await behindNginx()
      const response = Promise.withResolvers<any>()
      await serve('GET /events', (request) => response.resolve(request.response))
      const stream = ask('/events')
      const writer = await response.promise
      writer.stream.write(Buffer.from('data: 1\n\n'))
      await headOf(stream)
      stream.close(constants.NGHTTP2_CANCEL)
      await within(10_000, 'the end of the channel', once(writer.stream, 'close'))
    })

    test('An upload reaches the function while the rest of it is on its way', async () => {
      const { serve, ask } = await behindNginx()
      const chunks: string[] = []
      const ended = Promise.withResolvers<string>()
      await serve('POST /upload', ({ request_body }) => {
        request_body.stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
        request_body.stream.on('end', () => ended.resolve('end'))
        request_body.stream.on('error', () => ended.resolve('error'))
        return ended.promise.then((how) => ({ body: { how, chunks } }))
      })
      const upload = ask('/upload', { ':method': 'POST', 'content-type': 'text/plain' })
      upload.write('first')
      await expect.poll(() => chunks.join('')).toBe('first')
      upload.end(' and last')
      expect(JSON.parse((await answerTo(upload)).body)).toMatchObject({ how: 'end' })
      expect(chunks.join('')).toBe('first and last')
    })

    test('What is larger than body_limit is refused by the engine', async () => {
      const { serve, ask } = await behindNginx()
      await serve('POST /upload', () => ({ body: 'taken' }))
      const upload = ask('/upload', {
        ':method': 'POST',
        'content-type': 'application/octet-stream',
        'content-length': String(BODY_LIMIT + 1),
      })
      upload.on('error', () => {})
      const answer = answerTo(upload)
      upload.end(Buffer.alloc(BODY_LIMIT + 1))
      const { status, body } = await answer
      expect(status).toBe(413)
      expect(JSON.parse(body)).toMatchObject({ error: { code: expect.any(String) } })
    })

    test('Workers call and follow streams through it, a channel included, and who is refused hears why', async () => {
      const { inside, port, ca } = await behindNginx()
      inside.registerFunction(
        'public::export',
        async ({ writer }: any) => void writer.stream.end(Buffer.alloc(300_000, 'x')),
      )
      const address = `wss://localhost:${port}`
      const worker = await RawClient.connect(`${address}/iii`, { ws: { ca }, path: '/?token=tok-anna' })
      await expect.poll(async () => (await worker.call('public::hello', {})).result).toBe('hello')
      const refused = new RawClient(`${address}/iii/?token=mallory`, { ca })
      expect((await refused.closed).code).toBe(1008)
      expect(refused.frames).toMatchObject([{ type: 'error', error: { message: 'this token is not valid' } }])

      const socket = new WebSocket(`${address}/streams/stream/todos-live/all`, { ca })
      onTestFinished(() => socket.terminate())
      const frames: any[] = []
      socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())))
      await expect.poll(() => frames).toMatchObject([{ event: { type: 'sync' } }])
      const event = { stream_name: 'todos-live', group_id: 'all', type: 'created', data: { id: 't1' } }
      await inside.trigger({ function_id: 'stream::send', payload: event })
      await expect.poll(() => frames[1]).toMatchObject({ event: { type: 'event', event: { data: { id: 't1' } } } })
    })
  },
)
