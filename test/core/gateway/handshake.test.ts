// Endpoints, handshake and framing of a listener (spec 01 §2–§4, checks 1–5).
import http from 'node:http'
import net from 'node:net'
import { expect, test } from 'vitest'
import { within } from '../../support/deadline.ts'
import { startMesh, type TestMesh } from '../../support/mesh.ts'
import { RawClient } from '../../support/raw-client.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('The first frame is workerregistered with an id and a token that differ from each other and between connections', async () => {
  const mesh = await startMesh()
  const [a, b] = await Promise.all([mesh.connect({ name: null }), mesh.connect({ name: null })])
  expect(a.frames[0]).toEqual({
    type: 'workerregistered',
    worker_id: expect.stringMatching(UUID),
    reattach_token: expect.stringMatching(UUID),
  })
  expect(new Set([a.workerId, a.token, b.workerId, b.token]).size).toBe(4)
})

test('A socket on /otel gets no reply, stays open and is no worker', async () => {
  const mesh = await startMesh()
  const watcher = await mesh.connect()
  const otel = new RawClient(`${mesh.url()}/otel`)
  await otel.opened()
  otel.send('some text')
  otel.socket.send(Buffer.from('OTLP{}'))
  otel.socket.send(Buffer.from('what is this'))
  const pong = new Promise<string>((resolve) => otel.socket.once('pong', (data) => resolve(data.toString())))
  otel.socket.ping('still there?')
  expect(await within(2000, 'a pong', pong)).toBe('still there?')
  expect(otel.frames).toEqual([])
  expect(mesh.telemetry.map(({ signal, workerId }) => [signal, workerId])).toEqual([['OTLP', undefined]])
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
  const mesh = await startMesh()
  expect((await request(mesh, method, path)).statusCode).toBe(status)
})

test.each(['/nope', '/otel/x', '/ws/channels/'])('An upgrade of %s answers 404', async (path) => {
  const mesh = await startMesh()
  await expect(new RawClient(`${mesh.url()}${path}`).opened()).rejects.toThrow('HTTP 404')
})

test('One trailing slash is tolerated', async () => {
  const mesh = await startMesh()
  await new RawClient(`${mesh.url()}/otel/`).opened()
  expect(mesh.listener().connectionCount).toBe(1)
})

test.each([
  ['says nothing', ''],
  ['stops within its headers', 'GET / HTTP/1.1\r\nHost: x\r\nUpgr'],
])('A TCP connection that %s is closed at the handshake deadline', async (_what, bytes) => {
  const mesh = await startMesh({ listeners: [{ handshake_timeout_ms: 200 }] })
  const socket = tcp(mesh, bytes)
  await within(2000, 'the end of the socket', new Promise((resolve) => socket.once('close', resolve)))
  expect(socket.destroyed).toBe(true)
})

test('An upgraded socket outlives the handshake deadline and answers pings with their payload', async () => {
  const mesh = await startMesh({ listeners: [{ handshake_timeout_ms: 100 }] })
  const client = await mesh.connect()
  // A second connection that runs into the deadline three times over is the clock.
  for (let round = 0; round < 3; round++) {
    const socket = tcp(mesh, '')
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
  const mesh = await startMesh()
  const client = await mesh.connect()
  const before = client.frames.length
  client.send(text)
  client.socket.send(Buffer.from(text))
  client.send({ type: 'ping' })
  await client.next('pong')
  expect(client.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect(mesh.logged('error')).toEqual([])
})

test('A registration in a binary frame takes effect', async () => {
  const mesh = await startMesh()
  const [worker, caller] = [await mesh.connect(), await mesh.connect()]
  worker.handle('bin::f', () => 'here')
  worker.socket.send(Buffer.from(JSON.stringify({ type: 'registerfunction', id: 'bin::f' })))
  await worker.settled()
  expect((await caller.call('bin::f')).result).toBe('here')
})

test('Telemetry frames on / are handed on with the worker, whatever is in them', async () => {
  const mesh = await startMesh()
  const client = await mesh.connect()
  client.socket.send(Buffer.concat([Buffer.from('LOGS'), Buffer.from([0xff, 0xfe])]))
  client.socket.send(Buffer.from('MTRC{"resourceMetrics":[]}'))
  client.socket.send(Buffer.from('otlp{}'))
  await client.settled()
  expect(mesh.telemetry.map(({ signal, workerId }) => [signal, workerId])).toEqual([
    ['LOGS', client.workerId],
    ['MTRC', client.workerId],
  ])
})

test('The holder of the seat telemetry gets the exports, and broken ones are dropped', async () => {
  const taken: unknown[] = []
  const mesh = await startMesh({ prepare: (host) => host.seat('telemetry', (input) => void taken.push(input)) })
  const client = await mesh.connect()
  client.socket.send(Buffer.from('OTLP{"resourceSpans":[]}'))
  client.socket.send(Buffer.from('OTLP{"resourceSpans":'))
  await client.settled()
  expect(taken).toEqual([{ signal: 'OTLP', worker_id: client.workerId, export: { resourceSpans: [] } }])
})

test('A client that offers permessage-deflate and a sub-protocol gets neither', async () => {
  const mesh = await startMesh()
  const client = await RawClient.connect(mesh.url(), { ws: { perMessageDeflate: true } })
  expect(client.socket.extensions).toBe('')
})

test('A refused upgrade ends the TCP connection even when the client keeps its side open', async () => {
  const mesh = await startMesh()
  const socket = net.connect({ port: mesh.listener().port, host: '127.0.0.1', allowHalfOpen: true })
  socket.resume()
  socket.write(
    'GET /nope HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await within(2000, 'the end', new Promise((resolve) => socket.once('end', resolve)))
  await within(1000, 'a closed listener', mesh.listeners.close())
  socket.destroy()
  expect(mesh.listeners.all).toEqual([])
})

function tcp(mesh: TestMesh, bytes: string): net.Socket {
  const socket = net.connect(mesh.listener().port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  if (bytes !== '') socket.write(bytes)
  return socket
}

function request(mesh: TestMesh, method: string, path: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', port: mesh.listener().port, method, path }, (response) => {
      response.resume()
      resolve(response)
    })
    sent.once('error', reject)
    sent.end()
  })
}
