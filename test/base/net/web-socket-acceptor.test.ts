// Which requests to upgrade are taken, and how what was taken ends.
import { once } from 'node:events'
import net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import type { SweptPeer } from '../../../base/net/peer-sweep.ts'
import {
  WebSocketAcceptor,
  type AcceptorOptions,
  type AcceptorSettings,
  type RefusedConnection,
  type Upgrade,
} from '../../../base/net/web-socket-acceptor.ts'
import { Collector, within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { get, openListener, tcp, upgrade } from './web-scene.ts'

const SETTINGS: AcceptorSettings = {
  maxConnections: 10,
  maxPayloadBytes: 1_000,
  allowedOrigins: undefined,
  isGuarded: false,
  pingMs: 0,
  idleMs: 0,
}

const UPGRADE =
  'GET /door HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

test.each([
  ['/nope', 404],
  ['/door', 426],
])('A request of %s without an upgrade is answered with %i', async (path, status) => {
  const { port } = await scene()
  expect((await get(port, path)).status).toBe(status)
})

test('An upgrade of what is no endpoint is answered with 404', async () => {
  const { port, refused } = await scene()
  expect((await upgrade(port, '/nope')).status).toBe(404)
  expect(refused).toEqual([])
})

test('Connections that are being decided on count, and a place that becomes free is used', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { port, acceptor, refused, connect } = await scene({
    onUpgrade: upgrades.add,
    settings: { ...SETTINGS, maxConnections: 1 },
  })
  const first = upgrade(port, '/door')
  const [undecided] = await upgrades.take(1)
  const { status, headers } = await upgrade(port, '/door')
  expect([status, headers['retry-after'], refused]).toEqual([503, '5', [{ reason: 'full', connections: 0 }]])
  undecided!.refuse('401 Unauthorized', { headers: { 'X-Why': 'so' }, body: 'no' })
  expect(await first).toMatchObject({ status: 401, headers: { 'x-why': 'so' }, body: 'no' })
  const client = connect('/door')
  ;(await upgrades.take(2))[1]!.accept(() => {})
  await once(client, 'open')
  expect(acceptor.size).toBe(1)
})

test('What the owner says at once comes with the answer to the upgrade, in one piece', async () => {
  const { port } = await scene({
    onUpgrade: ({ accept }) => accept((webSocket) => process.nextTick(() => webSocket.ping())),
  })
  const client = await tcp(port, UPGRADE)
  const [answer] = (await within(5_000, 'the answer', once(client, 'data'))) as [Buffer]
  const [head, frame] = answer.toString('latin1').split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 101 /)
  expect(Buffer.from(frame!, 'latin1')).toEqual(Buffer.from([0x89, 0]))
  client.destroy()
})

test('A decision that is made later leaves nothing pending, whether it is made or its peer goes before', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { port, acceptor, connect } = await scene({
    onUpgrade: upgrades.add,
    settings: { ...SETTINGS, maxConnections: 1 },
  })
  const gone = await tcp(port, UPGRADE)
  const [undecided] = await upgrades.take(1)
  const closed = new Promise<void>((resolve) => undecided!.request.socket.once('close', () => resolve()))
  gone.resetAndDestroy()
  await within(5_000, 'the end of the first', closed)
  undecided!.accept(() => {})
  expect(acceptor.size).toBe(0)
  const client = connect('/door')
  ;(await upgrades.take(2))[1]!.accept(() => {})
  await within(5_000, 'the second', once(client, 'open'))
  expect(acceptor.size).toBe(1)
})

test('An address has as many connections as it may, undecided ones included, and each that ends makes room', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { port, refused, connect } = await scene({
    onUpgrade: upgrades.add,
    settings: { ...SETTINGS, maxPerAddress: 2 },
  })
  const client = connect('/door')
  ;(await upgrades.take(1))[0]!.accept(() => {})
  await once(client, 'open')
  const undecided = upgrade(port, '/door')
  await upgrades.take(2)
  const { status, headers } = await upgrade(port, '/door')
  expect([status, headers['retry-after']]).toEqual([429, '5'])
  expect(refused).toEqual([{ reason: 'address', address: '127.0.0.1', connections: 2 }])
  upgrades.items[1]!.refuse('401 Unauthorized')
  expect((await undecided).status).toBe(401)
  // A handshake that ws refuses takes no place either.
  const broken = upgrade(port, '/door', { 'Sec-WebSocket-Key': 'short' })
  ;(await upgrades.take(3))[2]!.accept(() => {})
  expect((await broken).status).toBe(400)
  const second = connect('/door')
  ;(await upgrades.take(4))[3]!.accept(() => {})
  await once(second, 'open')
  expect((await upgrade(port, '/door')).status).toBe(429)
  client.terminate()
  await expect.poll(async () => upgradeStatus(port, upgrades)).toBe(418)
})

test.skipIf(lacks('Linux'))('Another address has a number of its own (needs Linux)', async () => {
  const { port, refused, connect } = await scene({ settings: { ...SETTINGS, maxPerAddress: 1 } })
  await once(connect('/door'), 'open')
  expect((await upgrade(port, '/door')).status).toBe(429)
  await once(connect('/door', { localAddress: '127.0.0.2' }), 'open')
  expect(refused).toHaveLength(1)
})

/** Whether there is room for one more: then its owner refuses it in its own way. */
test('An owner that says something at once writes the answer itself', async () => {
  const { port, acceptor } = await scene({
    onUpgrade: ({ acceptUnanswered }) =>
      acceptUnanswered((_webSocket, socket, answer) => void socket.write(`${answer}\x81\x02hi`, 'latin1')),
  })
  const client = net.connect(port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  client.write(UPGRADE)
  const [bytes] = (await once(client, 'data')) as [Buffer]
  const [head, said] = bytes.toString('latin1').split('\r\n\r\n')
  expect([head?.split('\r\n')[0], said]).toEqual(['HTTP/1.1 101 Switching Protocols', '\x81\x02hi'])
  expect(acceptor.size).toBe(1)
})

test('Where ws has answered there is nothing for the owner to write', async () => {
  const answers: string[] = []
  const { connect } = await scene({
    chooseProtocol: () => 'b',
    onUpgrade: ({ acceptUnanswered }) =>
      acceptUnanswered((webSocket, _socket, answer) => {
        answers.push(answer)
        webSocket.send('hi')
      }),
  })
  const client = connect('/door', ['a', 'b'])
  const [message] = (await within(2_000, 'a message', once(client, 'message'))) as [Buffer]
  expect([client.protocol, String(message)]).toEqual(['b', 'hi'])
  expect(answers).toEqual([''])
})

test('Who has waited too long is refused, whoever was to write the answer', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { port, acceptor } = await scene({ onUpgrade: upgrades.add })
  const pending = upgrade(port, '/door')
  const [undecided] = await upgrades.take(1)
  await acceptor.close(() => {})
  undecided!.acceptUnanswered(() => expect.unreachable())
  expect((await pending).status).toBe(503)
})

async function upgradeStatus(port: number, upgrades: Collector<Upgrade<string>>): Promise<number | undefined> {
  const before = upgrades.items.length
  const answer = upgrade(port, '/door')
  await Promise.race([answer, upgrades.take(before + 1)])
  upgrades.items[before]?.refuse("418 I'm a teapot")
  return (await answer).status
}

test('A page of a foreign origin gets 403, until its origin is allowed', async () => {
  const { port, acceptor, refused } = await scene()
  const origin = 'https://app.example'
  expect((await upgrade(port, '/door', { Origin: origin })).status).toBe(403)
  expect(refused).toEqual([{ reason: 'origin', origin }])
  acceptor.change({ ...SETTINGS, allowedOrigins: [origin] })
  const client = new WebSocket(`ws://127.0.0.1:${port}/door`, { origin })
  onTestFinished(() => client.terminate())
  await once(client, 'open')
})

test('A changed size of messages holds for connections that come', async () => {
  const { acceptor, connect } = await scene()
  const before = connect('/door')
  await once(before, 'open')
  acceptor.change({ ...SETTINGS, maxPayloadBytes: 10 })
  const after = connect('/door')
  await once(after, 'open')
  for (const client of [before, after]) client.send('x'.repeat(100))
  expect((await once(after, 'close'))[0]).toBe(1009)
  expect(before.readyState).toBe(WebSocket.OPEN)
})

test('A sub-protocol is chosen only by an owner that wants one', async () => {
  const choosing = await scene({ chooseProtocol: (offered) => [...offered][0] ?? false })
  const client = new WebSocket(`ws://127.0.0.1:${choosing.port}/door`, ['a', 'b'])
  onTestFinished(() => client.terminate())
  await once(client, 'open')
  expect(client.protocol).toBe('a')
})

test('A connection that has ended while it was being decided on is not handed over', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { acceptor, connect } = await scene({ onUpgrade: upgrades.add })
  const client = connect('/door')
  const [undecided] = await upgrades.take(1)
  client.on('error', () => {})
  undecided!.request.socket.destroy()
  await once(undecided!.request.socket, 'close')
  let opened = 0
  undecided!.accept(() => opened++)
  expect([opened, acceptor.size]).toEqual([0, 0])
})

test('When it closes, new connections get 503, and what does not end is cut', async () => {
  const upgrades = new Collector<Upgrade<string>>()
  const { port, acceptor, connect } = await scene({ onUpgrade: upgrades.add })
  const client = connect('/door')
  ;(await upgrades.take(1))[0]!.accept(() => {})
  await once(client, 'open')
  const undecided = upgrade(port, '/door')
  await upgrades.take(2)
  client.pause()
  const closed = within(
    5_000,
    'a closed acceptor',
    acceptor.close(() => {}),
  )
  upgrades.items[1]!.accept(() => {})
  for (const { status, headers } of [await undecided, await upgrade(port, '/door')])
    expect([status, headers['retry-after']]).toEqual([503, '1'])
  await closed
  expect(acceptor.size).toBe(0)
})

test('Peers are pinged while there are any, at the interval of the settings as they are', async () => {
  const pings = new Collector<number>()
  const peer: SweptPeer = { ping: () => pings.add(1), isSilent: () => false }
  const { acceptor, connect } = await scene({ peers: [peer] })
  await once(connect('/door'), 'open')
  expect(pings.items).toEqual([])
  acceptor.change({ ...SETTINGS, pingMs: 10 })
  await pings.take(3)
})

async function scene(options: Partial<AcceptorOptions<string, SweptPeer>> = {}) {
  const refused: RefusedConnection[] = []
  const acceptor = new WebSocketAcceptor<string, SweptPeer>({
    settings: SETTINGS,
    endpointOf: (target) => (target === '/door' ? 'door' : undefined),
    onUpgrade: ({ accept }) => accept(() => {}),
    onRefused: (connection) => refused.push(connection),
    peers: [],
    onSilent: () => {},
    ...options,
  })
  const listener = await openListener()
  listener.serve({
    handshakeTimeoutMs: 10_000,
    onRequest: (request, response) => acceptor.answer(request, response),
    onUpgrade: (request, socket, head) => acceptor.upgrade(request, socket, head),
  })
  const { port } = listener.address
  const connect = (path: string, options: ClientOptions | string[] = {}): WebSocket => {
    const url = `ws://127.0.0.1:${port}${path}`
    const client = Array.isArray(options) ? new WebSocket(url, options) : new WebSocket(url, options)
    onTestFinished(() => client.terminate())
    return client
  }
  return { port, acceptor, refused, connect }
}
