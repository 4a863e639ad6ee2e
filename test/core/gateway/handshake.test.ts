// Endpoints, handshake and framing of a listener (spec 01 §2–§4, checks 1–5).
import http from 'node:http'
import net from 'node:net'
import { expect, test } from 'vitest'
import { within } from '../../support/deadline.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('The first frame is workerregistered with an id and a token that differ from each other and between connections', async () => {
  const core = await startCore()
  const [a, b] = await Promise.all([core.connect({ name: null }), core.connect({ name: null })])
  expect(a.frames[0]).toEqual({
    type: 'workerregistered',
    worker_id: expect.stringMatching(UUID),
    reattach_token: expect.stringMatching(UUID),
  })
  expect(new Set([a.workerId, a.token, b.workerId, b.token]).size).toBe(4)
})

test('A socket on /otel gets no reply, stays open and is no worker', async () => {
  const core = await startCore()
  const watcher = await core.connect()
  const otel = new RawClient(`${core.url()}/otel`)
  await otel.opened()
  otel.send('some text')
  otel.socket.send(Buffer.from('OTLP{}'))
  otel.socket.send(Buffer.from('what is this'))
  const pong = new Promise<string>((resolve) => otel.socket.once('pong', (data) => resolve(data.toString())))
  otel.socket.ping('still there?')
  expect(await within(2000, 'a pong', pong)).toBe('still there?')
  expect(otel.frames).toEqual([])
  expect(core.telemetry.map(({ signal, workerId }) => [signal, workerId])).toEqual([['OTLP', undefined]])
  const { result } = await watcher.call('engine::workers::list', {})
  const { workers } = result as { workers: { id: string }[] }
  expect(workers.map(({ id }) => id)).toEqual(['iii-engine-functions', watcher.workerId])
})

test.each([
  ['GET', '/nope', 404],
  ['GET', '/', 400],
  ['GET', '/otel', 400],
  ['POST', '/', 405],
  ['POST', '/nope', 404],
])('A plain %s of %s answers %i', async (method, path, status) => {
  const core = await startCore()
  expect((await request(core, method, path)).statusCode).toBe(status)
})

test.each(['/nope', '/otel/x', '/ws/channels/'])('An upgrade of %s answers 404', async (path) => {
  const core = await startCore()
  await expect(new RawClient(`${core.url()}${path}`).opened()).rejects.toThrow('HTTP 404')
})

test('One trailing slash is tolerated', async () => {
  const core = await startCore()
  await new RawClient(`${core.url()}/otel/`).opened()
  expect(core.listener().connectionCount).toBe(1)
})

test.each([
  ['says nothing', ''],
  ['stops within its headers', 'GET / HTTP/1.1\r\nHost: x\r\nUpgr'],
])('A TCP connection that %s is closed at the handshake deadline', async (_what, bytes) => {
  const core = await startCore({ listeners: [{ handshake_timeout_ms: 200 }] })
  const socket = tcp(core, bytes)
  await within(2000, 'the end of the socket', new Promise((resolve) => socket.once('close', resolve)))
  expect(socket.destroyed).toBe(true)
})

test('An upgraded socket outlives the handshake deadline and answers pings with their payload', async () => {
  const core = await startCore({ listeners: [{ handshake_timeout_ms: 100 }] })
  const client = await core.connect()
  // A second connection that runs into the deadline three times over is the clock.
  for (let round = 0; round < 3; round++) {
    const socket = tcp(core, '')
    await within(2000, 'the deadline', new Promise((resolve) => socket.once('close', resolve)))
  }
  const pong = new Promise<string>((resolve) => client.socket.once('pong', (data) => resolve(data.toString())))
  client.socket.ping('payload')
  expect(await within(2000, 'a pong', pong)).toBe('payload')
})

test.each([
  '',
  '   ',
  'not json',
  '[]',
  '5',
  '{"type":"weird"}',
  '{"type":5}',
  '{"type":"registerfunction"}',
  '{"type":"constructor"}',
  '{"type":"__proto__"}',
  '{"type":"registertrigger","id":"x"}',
  '{"type":"invokefunction"}',
  '{"type":"invocationresult"}',
  '{"type":"workerregistered"}',
  '{"type":"registrationrejected"}',
  '{"type":"pong"}',
  '{"type":"reattach"}',
  '{"type":"registerfunction","id":5}',
  '{"type":"invokefunction","function_id":"a","action":7}',
])('The frame %j gets no reply and leaves the socket open', async (text) => {
  const core = await startCore()
  const client = await core.connect()
  const before = client.frames.length
  client.send(text)
  client.socket.send(Buffer.from(text))
  client.send({ type: 'ping' })
  await client.next('pong')
  expect(client.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect(core.logged('error')).toEqual([])
})

test('A registration in a binary frame takes effect', async () => {
  const core = await startCore()
  const [worker, caller] = [await core.connect(), await core.connect()]
  worker.handle('bin::f', () => 'here')
  worker.socket.send(Buffer.from(JSON.stringify({ type: 'registerfunction', id: 'bin::f' })))
  await worker.settled()
  expect((await caller.call('bin::f')).result).toBe('here')
})

test('Telemetry frames on / are handed on with the worker, whatever is in them', async () => {
  const core = await startCore()
  const client = await core.connect()
  client.socket.send(Buffer.concat([Buffer.from('LOGS'), Buffer.from([0xff, 0xfe])]))
  client.socket.send(Buffer.from('MTRC{"resourceMetrics":[]}'))
  client.socket.send(Buffer.from('otlp{}'))
  await client.settled()
  expect(core.telemetry.map(({ signal, workerId }) => [signal, workerId])).toEqual([
    ['LOGS', client.workerId],
    ['MTRC', client.workerId],
  ])
})

test('The holder of the seat telemetry gets the exports as they are, and broken ones are counted', async () => {
  const taken: unknown[] = []
  const core = await startCore({
    prepare: (host) => host.seat('telemetry', (input, { metadata }) => void taken.push([input, metadata])),
  })
  const client = await core.connect()
  client.socket.send(Buffer.from('OTLP{"resourceSpans":[]}'))
  client.socket.send(Buffer.from('OTLP{"resourceSpans":'))
  await client.settled()
  expect(taken).toEqual([[{ resourceSpans: [] }, { signal: 'OTLP', worker_id: client.workerId }]])
  expect(core.core.telemetry.dropped).toBe(1)
})

test('A client that offers permessage-deflate and a sub-protocol gets neither', async () => {
  const core = await startCore()
  const client = await RawClient.connect(core.url(), { ws: { perMessageDeflate: true } })
  expect(client.socket.extensions).toBe('')
})

test('A refused upgrade ends the TCP connection even when the client keeps its side open', async () => {
  const core = await startCore()
  const socket = net.connect({ port: core.listener().port, host: '127.0.0.1', allowHalfOpen: true })
  socket.resume()
  socket.write(
    'GET /nope HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await within(2000, 'the end', new Promise((resolve) => socket.once('end', resolve)))
  await within(1000, 'a closed listener', core.listeners.close())
  socket.destroy()
  expect(core.listeners.all).toEqual([])
})

function tcp(core: TestCore, bytes: string): net.Socket {
  const socket = net.connect(core.listener().port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  if (bytes !== '') socket.write(bytes)
  return socket
}

function request(core: TestCore, method: string, path: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', port: core.listener().port, method, path }, (response) => {
      response.resume()
      resolve(response)
    })
    sent.once('error', reject)
    sent.end()
  })
}
