// A connection whose other end is gone without a word is noticed on every surface (spec 08 §12, check 26): Node sends WebSocket pings,
// a page can't, and sends the protocol's own.
import { expect, it, onTestFinished } from 'vitest'
import { Handle } from '../../../sdk/handle.ts'
import { BROWSER_SOCKETS } from '../../../sdk/transports/browser-sockets.ts'
import { NODE_SOCKETS } from '../../../sdk/transports/node-sockets.ts'
import type { SocketPlatform } from '../../../sdk/transports/socket-platform.ts'
import { SocketTransport } from '../../../sdk/transports/socket-transport.ts'
import { Collector } from '../../support/deadline.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { startCore } from '../../support/test-core.ts'

const PLATFORMS: readonly (readonly [string, SocketPlatform])[] = [
  ['Node', NODE_SOCKETS],
  ['a page', BROWSER_SOCKETS],
]

function open(
  url: string,
  platform: SocketPlatform,
): { losses: Collector<string>; iii: Handle; transport: SocketTransport } {
  const losses = new Collector<string>()
  const transport = new SocketTransport({
    url,
    platform,
    worker: { name: 'kept' },
    limits: { pingMs: 20, idleMs: 300, reconnectMs: 10, awayMs: 5_000 },
    events: { onDisconnected: losses.add },
  })
  const iii = new Handle(transport, { onProblem: () => {} })
  onTestFinished(() => transport.end())
  return { losses, iii, transport }
}

it.each(PLATFORMS)('a silent engine is given up by %s', async (_name, platform) => {
  const engine = await scriptedEngine(0, true, () => {}, { autoPong: false })
  const { losses } = open(engine.url, platform)
  expect(await losses.take(1)).toEqual(['it was silent for 300 ms'])
  await engine.sockets.take(2)
})

it.each(PLATFORMS)('an engine that answers pings is kept by %s', async (_name, platform) => {
  const engine = await scriptedEngine()
  const { losses, transport } = open(engine.url, platform)
  const [socket] = await engine.sockets.take(1)
  const pings = new Collector<unknown>()
  socket!.on('ping', pings.add)
  socket!.on('message', (data: Buffer) => {
    if (data.toString() !== '{"type":"ping"}') return
    pings.add('frame')
    socket!.send('{"type":"pong"}')
  })
  // More than fit into the silence that is allowed, and nothing else crosses it.
  await pings.take(20)
  expect([losses.items, transport.state]).toEqual([[], 'connected'])
})

it('the engine answers the pings of pages', async () => {
  const client = await (await startCore()).connect()
  client.send({ type: 'ping' })
  expect(await client.next('pong')).toEqual({ type: 'pong' })
})
