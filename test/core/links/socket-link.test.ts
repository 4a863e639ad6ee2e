// Writing to a socket whose peer reads late: what has not left at once is reported when it has, and comes whole and in order.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { SocketLink } from '../../../core/links/socket-link.ts'
import type { Link } from '../../../core/model/link.ts'
import type { Worker } from '../../../core/model/worker.ts'
import { within } from '../../support/deadline.ts'

const MEBIBYTE = 1024 * 1024

interface Pair {
  readonly link: SocketLink
  readonly peer: WebSocket
}

async function connect(): Promise<Pair> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => peer.terminate())
  const [webSocket, { socket }] = (await accepted) as [WebSocket, IncomingMessage]
  const limits = {
    frameBytes: 64 * MEBIBYTE,
    frame: { bytes: 64 * MEBIBYTE, name: 'max_frame_bytes' },
    softBytes: MEBIBYTE,
    hardBytes: 512 * MEBIBYTE,
    hardMs: 60_000,
  } as const
  const owner = { worker: {} as Worker, peerStuck: () => {} }
  await once(peer, 'open')
  return { link: new SocketLink(webSocket, socket, limits as never, owner), peer }
}

const numbered = (number: number, bytes: number) =>
  ({ type: 'workerregistered', worker_id: `${number}`, reattach_token: 'x'.repeat(bytes) }) as const

const numberIn = (frame: unknown) => Number((JSON.parse(String(frame)) as { worker_id: string }).worker_id)

test('what the peer did not read at once comes whole and in order, and those who waited for it go on', async () => {
  const { link, peer } = await connect()
  peer.pause()
  const count = 40
  for (let number = 0; number < count; number++) {
    // Also frames of several parts, which are written together.
    link.send(numbered(number, number % 3 === 0 ? 10 : MEBIBYTE / 2))
    if (number % 2 === 0) link.flush()
  }
  link.flush()
  expect(link.congested).toBe(true)
  const resumed = Promise.withResolvers<void>()
  const sender = { pause: () => {}, resume: () => resumed.resolve() } as unknown as Link
  link.throttle(sender)
  const numbers: number[] = []
  const all = Promise.withResolvers<void>()
  peer.on('message', (frame) => {
    numbers.push(numberIn(frame))
    if (numbers.length === count) all.resolve()
  })
  peer.resume()
  await within(10_000, 'all frames', all.promise)
  await within(10_000, 'the sender to go on', resumed.promise)
  expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number))
  expect(link.queuedBytes).toBe(0)
})

test('what the system takes at once counts as written at once', async () => {
  const { link, peer } = await connect()
  const came = once(peer, 'message')
  link.send(numbered(7, 100))
  expect(link.queuedBytes).toBeGreaterThan(0)
  link.flush()
  expect(link.queuedBytes).toBe(0)
  const [frame] = await within(5_000, 'the frame', came)
  expect(numberIn(frame)).toBe(7)
})

test('a link whose socket was destroyed gives back what it had to write', async () => {
  const { link, peer } = await connect()
  peer.pause()
  link.send(numbered(1, 8 * MEBIBYTE))
  link.flush()
  link.terminate()
  link.send(numbered(2, 10))
  link.flush()
  link.ended()
  expect(link.open).toBe(false)
})
