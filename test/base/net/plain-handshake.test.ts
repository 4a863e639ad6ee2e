// The handshake of plain requests is that of ws, and everything else is left to ws.
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { shakeHands } from '../../../base/net/plain-handshake.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const PLAIN = {
  host: 'x',
  upgrade: 'WebSocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': KEY,
}
const NOTHING = Buffer.alloc(0)
const OPTIONS = { noServer: true, perMessageDeflate: false, maxPayload: 100 } as const

test('the answer is the very text that ws writes, and the WebSocket works', async () => {
  const { client, request, socket, head } = await asked(PLAIN)
  const handshake = shakeHands(new WebSocketServer(OPTIONS), request, socket, head)
  socket.write(handshake!.answer)
  expect(await firstOf(client)).toBe(await answerOfWs(PLAIN))
  const message = once(handshake!.webSocket, 'message')
  client.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
  expect(String((await message)[0])).toBe('hi')
  handshake!.webSocket.send('there')
  expect(await firstOf(client)).toBe('\x81\x05there')
})

test('what the server of ws is told of sizes holds', async () => {
  const { client, request, socket, head } = await asked(PLAIN)
  const { webSocket } = shakeHands(new WebSocketServer(OPTIONS), request, socket, head)!
  const failed = once(webSocket, 'error')
  client.write(Buffer.concat([Buffer.from([0x81, 0x80 | 101, 0, 0, 0, 0]), Buffer.alloc(101, 0x20)]))
  expect(String((await failed)[0])).toContain('Max payload size exceeded')
})

test('what came behind the request is the first that is read', async () => {
  const { request, socket } = await asked(PLAIN)
  const bytes = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
  const { webSocket } = shakeHands(new WebSocketServer(OPTIONS), request, socket, bytes)!
  expect(String((await once(webSocket, 'message'))[0])).toBe('hi')
})

test.each([
  ['a sub-protocol', { 'sec-websocket-protocol': 'a' }],
  ['another version', { 'sec-websocket-version': '8' }],
  ['no version', { 'sec-websocket-version': undefined }],
  ['no key', { 'sec-websocket-key': undefined }],
  ['a key that is none', { 'sec-websocket-key': `${KEY}=` }],
  ['another upgrade', { upgrade: 'h2c' }],
])('a request with %s is left to ws', async (_what, headers) => {
  const { request, socket, head } = await asked(PLAIN)
  const other = { ...request, method: 'GET', headers: { ...request.headers, ...headers } }
  expect(shakeHands(new WebSocketServer(OPTIONS), other, socket, head)).toBeUndefined()
  expect(socket.destroyed).toBe(false)
})

test('so is one of another method, and one whose socket has ended', async () => {
  const { request, socket, head } = await asked(PLAIN)
  const { headers, rawHeaders } = request
  const like = { headers, rawHeaders, url: '/', socket }
  expect(shakeHands(new WebSocketServer(OPTIONS), { ...like, method: 'POST' }, socket, head)).toBeUndefined()
  socket.end()
  expect(shakeHands(new WebSocketServer(OPTIONS), { ...like, method: 'GET' }, socket, head)).toBeUndefined()
})

interface Asked {
  readonly client: net.Socket
  readonly request: http.IncomingMessage
  readonly socket: net.Socket
  readonly head: Buffer
}

/** A request to upgrade that nobody has answered. */
async function asked(headers: Readonly<Record<string, string>>): Promise<Asked> {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  client.write(`GET / HTTP/1.1\r\n${lines.join('')}\r\n`)
  const [request, socket] = (await once(server, 'upgrade')) as [http.IncomingMessage, net.Socket]
  socket.on('error', () => {})
  return { client, request, socket, head: NOTHING }
}

async function answerOfWs(headers: Readonly<Record<string, string>>): Promise<string> {
  const { client, request, socket, head } = await asked(headers)
  new WebSocketServer(OPTIONS).handleUpgrade(request, socket, head, () => {})
  return await firstOf(client)
}

async function firstOf(client: net.Socket): Promise<string> {
  const [bytes] = (await once(client, 'data')) as [Buffer]
  return bytes.toString('latin1')
}
