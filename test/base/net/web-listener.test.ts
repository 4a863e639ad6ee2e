// An address, the connections that reach it, and the service that answers them, which can be exchanged.
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebListener, type WebService } from '../../../base/net/web-listener.ts'
import { within } from '../../support/deadline.ts'
import { heldPort } from '../../support/held-port.ts'
import { get, openListener, tcp, upgrade } from './web-scene.ts'

const saying = (text: string, handshakeTimeoutMs = 10_000): WebService => ({
  handshakeTimeoutMs,
  onRequest: (_request, response) => void response.end(text),
})

test('Until there is a service, requests with and without an upgrade are asked to come back', async () => {
  const { port } = (await openListener()).address
  for (const { status, headers } of [await get(port), await upgrade(port)])
    expect([status, headers['retry-after']]).toEqual([503, '1'])
})

test('Another service answers on the same address, on connections that were opened before, too', async () => {
  const listener = await openListener()
  listener.serve(saying('one'))
  const { port } = listener.address
  const socket = await tcp(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(String((await once(socket, 'data'))[0])).toContain('one')
  listener.serve(saying('two'))
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(String((await once(socket, 'data'))[0])).toContain('two')
  expect((await get(port)).body).toBe('two')
})

test('A service without upgrades answers a request for one as any other', async () => {
  const listener = await openListener()
  listener.serve(saying('plain'))
  expect(await upgrade(listener.address.port, '/', { Upgrade: 'h2c' })).toMatchObject({ status: 200, body: 'plain' })
})

test.each([
  ['says nothing', ''],
  ['stops within its headers', 'GET / HTTP/1.1\r\nHost: x\r\nUpgr'],
])('A connection that %s is closed at the deadline of the service', async (_what, bytes) => {
  const listener = await openListener()
  listener.serve(saying('late', 100))
  const socket = await tcp(listener.address.port, bytes)
  await within(5_000, 'the end of the socket', new Promise((resolve) => socket.once('close', resolve)))
})

test('An address that is taken is an error with code, address and the setting that mends it', async () => {
  const { port } = (await openListener()).address
  const other = new WebListener({ worker: 'some-worker', handshakeTimeoutMs: 1_000, onFailure: () => {} })
  await expect(other.open('127.0.0.1', port)).rejects.toMatchObject({
    code: 'address_unavailable',
    message: `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for some-worker`,
  })
})

test("An address that is not this machine's is an error that says so", async () => {
  const other = new WebListener({ worker: 'some-worker', handshakeTimeoutMs: 1_000, onFailure: () => {} })
  await expect(other.open('192.0.2.1', 0)).rejects.toThrow(
    /^address 192\.0\.2\.1:0 cannot be opened \(.*\): set 'host' of some-worker to an address of this machine, such as 127\.0\.0\.1$/,
  )
})

test('When it stops listening the port is free at once, and it can be opened again', async () => {
  const listener = await openListener()
  listener.serve(saying('again'))
  const { port } = listener.address
  listener.stopListening()
  const other = net.createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  other.close()
  await once(other, 'close')
  await listener.open('127.0.0.1', port)
  expect((await get(port)).body).toBe('again')
})

test('Closing cuts connections that do not end by themselves', async () => {
  const listener = await openListener()
  const silent = await tcp(listener.address.port)
  const half = await tcp(listener.address.port, 'GET / HTTP/1.1\r\n')
  const ends = [silent, half].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  await within(5_000, 'a closed listener', listener.close())
  await within(1_000, 'the end of the sockets', Promise.all(ends))
})

test.skipIf(process.platform === 'win32')(
  'An address that is held though nobody listens there is waited for (needs POSIX)',
  // Once it is free, any connection of this machine may be given the port before it is opened.
  { retry: 2 },
  async () => {
    const { port, free } = await heldPort()
    const other = new WebListener({ worker: 'some-worker', handshakeTimeoutMs: 1_000, onFailure: () => {} })
    onTestFinished(() => other.close())
    let waits = 0
    const onWait = (): void => {
      waits++
      free()
    }
    await within(10_000, 'an open address', other.open('127.0.0.1', port, { wait: { waitMs: 60_000, onWait } }))
    expect([other.address.port, waits]).toEqual([port, 1])
  },
)

test.skipIf(process.platform === 'win32')('Such waiting has an end, and is ended (needs POSIX)', async () => {
  const { port } = await heldPort()
  const other = new WebListener({ worker: 'some-worker', handshakeTimeoutMs: 1_000, onFailure: () => {} })
  await expect(other.open('127.0.0.1', port, { wait: { waitMs: 1, onWait: () => {} } })).rejects.toThrow(
    /is already in use.*nobody listens there, but a connection has the address, and it did not come free within 1 ms/,
  )
  const abort = new AbortController()
  const waiting = other.open('127.0.0.1', port, {
    wait: { waitMs: 600_000, onWait: () => abort.abort(), signal: abort.signal },
  })
  await expect(within(10_000, 'the end of the waiting', waiting)).rejects.toThrow('is already in use')
})

test('An address that somebody listens on is not waited for', async () => {
  const { port } = (await openListener()).address
  const other = new WebListener({ worker: 'some-worker', handshakeTimeoutMs: 1_000, onFailure: () => {} })
  const onWait = (): never => {
    throw new Error('waits')
  }
  await expect(other.open('127.0.0.1', port, { wait: { waitMs: 600_000, onWait } })).rejects.toThrow(
    'is already in use',
  )
})

describe('A service with upgrades', () => {
  const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: b\r\n\r\n'
  /** Tells of each upgrade what it was asked, and gives back what comes then. */
  const echoing: WebService = {
    ...saying('plain', 200),
    onUpgrade: ({ url, headers, rawHeaders }, socket, head) => {
      socket.write(`${url} ${headers['x-a']} ${rawHeaders.length} ${String(head)}`)
      // Later, as who asks others first does.
      setImmediate(() => socket.on('data', (chunk) => socket.write(chunk)))
    },
  }
  const said = async (socket: net.Socket, bytes: string): Promise<string> => {
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    while (!text.includes(bytes)) await once(socket, 'data')
    return text
  }

  test.each([
    ['in one read', [REQUEST], ''],
    ['in two', [REQUEST.slice(0, 30), REQUEST.slice(30)], ''],
    ['byte by byte', [...REQUEST], ''],
    ['with the first frame behind it', [`${REQUEST}first`], 'first'],
  ])('is handed a request that comes %s, and all that follows it', async (_what, pieces, behind) => {
    const listener = await openListener()
    listener.serve(echoing)
    const socket = await tcp(listener.address.port)
    const answer = said(socket, 'more')
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    socket.write('more')
    expect(await answer).toBe(`/ b 8 ${behind}more`)
  })

  test('answers other requests, also several on one connection', async () => {
    const listener = await openListener()
    listener.serve(echoing)
    const { port } = listener.address
    expect(await get(port)).toMatchObject({ status: 200, body: 'plain' })
    const socket = await tcp(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
    const both = /plain[^]*plain/
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    while (!both.test(text)) await once(socket, 'data')
  })

  test.each([
    ['says nothing', ''],
    ['stops within its request', REQUEST.slice(0, 40)],
  ])('has a connection closed at its deadline that %s', async (_what, bytes) => {
    const listener = await openListener()
    listener.serve(echoing)
    const socket = await tcp(listener.address.port, bytes)
    await within(5_000, 'the end of the socket', new Promise((resolve) => socket.once('close', resolve)))
  })

  test('outlives connections that end or break before they say anything', async () => {
    const listener = await openListener()
    listener.serve({ ...echoing, handshakeTimeoutMs: 60_000 })
    const { port } = listener.address
    const ending = await tcp(port)
    ending.end()
    await within(5_000, 'the end of the socket', once(ending, 'close'))
    const breaking = await tcp(port)
    breaking.resetAndDestroy()
    await within(5_000, 'the end of both', listener.whenEmpty())
    expect((await get(port)).body).toBe('plain')
  })

  test('is asked only while it serves: the one that serves when the request comes answers', async () => {
    const listener = await openListener()
    listener.serve(echoing)
    const socket = await tcp(listener.address.port)
    listener.serve(saying('no upgrades'))
    const answer = said(socket, 'no upgrades')
    socket.write(REQUEST)
    expect(await answer).toContain('HTTP/1.1 200')
  })
})
