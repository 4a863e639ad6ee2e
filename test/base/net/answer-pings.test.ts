// Pings by hand, more of them in one read than a WebSocket would answer one by one.
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { WebSocket } from 'ws'
import { MAX_PENDING_PONGS } from '../../../base/net/answer-pings.ts'
import type { SweptPeer } from '../../../base/net/peer-sweep.ts'
import { WebSocketAcceptor } from '../../../base/net/web-socket-acceptor.ts'
import { within } from '../../support/deadline.ts'
import { openListener, tcp } from './web-scene.ts'

const PONG = 0x8a

test.each([1, MAX_PENDING_PONGS, MAX_PENDING_PONGS + 1, 500, 20_000])(
  '%i pings within one write are answered, the latest as well, and the connection stays',
  async (count) => {
    const { client, opened } = await connected()
    const server = await opened
    let pings = 0
    server.on('ping', () => pings++)
    const answered = pongs(client, String(count - 1))
    client.write(Buffer.concat(Array.from({ length: count }, (_, index) => ping(String(index)))))
    const texts = await within(5_000, 'a pong to the latest ping', answered)
    expect(pings).toBe(count)
    // In the order of the pings, each at most once, and none is left out as long as there are few.
    expect(texts).toEqual([...new Set(texts)].toSorted((a, b) => Number(a) - Number(b)))
    expect(texts.length).toBeGreaterThanOrEqual(Math.min(count, MAX_PENDING_PONGS))
    const again = pongs(client, 'again')
    client.write(ping('again'))
    expect(await within(5_000, 'a pong', again)).toEqual(['again'])
    expect(server.readyState).toBe(1)
  },
)

test('Pings that come while the peer does not read take room for so many pongs and no more', async () => {
  const { client, opened } = await connected()
  const server = await opened
  client.pause()
  // The kernel takes no more of this at some point, and what comes behind it waits.
  server.send(Buffer.alloc(32 << 20))
  const before = server.bufferedAmount
  let pings = 0
  const all = new Promise<void>((resolve) => server.on('ping', () => ++pings === 5_000 && resolve()))
  client.write(Buffer.concat(Array.from({ length: 5_000 }, (_, index) => ping(String(index)))))
  await within(5_000, 'the pings', all)
  expect(server.bufferedAmount - before).toBeLessThan(MAX_PENDING_PONGS * 10)
  expect(server.readyState).toBe(1)
})

function ping(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x89, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

/** The texts of all pongs up to the one to `last`. */
async function pongs(client: NodeJS.ReadableStream, last: string): Promise<string[]> {
  const texts: string[] = []
  let bytes = Buffer.alloc(0)
  while (texts.at(-1) !== last) {
    const [more] = (await once(client, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, more])
    while (bytes.length >= 2 && bytes.length >= 2 + bytes[1]!) {
      expect(bytes[0]).toBe(PONG)
      texts.push(bytes.toString('utf8', 2, 2 + bytes[1]!))
      bytes = bytes.subarray(2 + bytes[1]!)
    }
  }
  return texts
}

async function connected() {
  let take: (webSocket: WebSocket) => void
  const opened = new Promise<WebSocket>((resolve) => (take = resolve))
  const acceptor = new WebSocketAcceptor<string, SweptPeer>({
    settings: {
      maxConnections: 10,
      maxPayloadBytes: 1_000,
      allowedOrigins: undefined,
      isGuarded: false,
      pingMs: 0,
      idleMs: 0,
    },
    endpointOf: () => 'door',
    onUpgrade: ({ accept }) => accept((webSocket) => take(webSocket)),
    onRefused: () => {},
    peers: [],
    onSilent: () => {},
  })
  const listener = await openListener()
  listener.serve({
    handshakeTimeoutMs: 10_000,
    onRequest: (request, response) => acceptor.answer(request, response),
    onUpgrade: (request, socket, head) => acceptor.upgrade(request, socket, head),
  })
  const client = await tcp(listener.address.port)
  onTestFinished(() => void client.destroy())
  const upgraded = once(client, 'data')
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await upgraded
  return { client, opened }
}
