// Sockets as ends of channels, for tests.
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { ChannelRef } from '../../../core/channels/channel-broker.ts'
import { Collector, within } from '../../support/deadline.ts'
import type { TestCore } from '../../support/test-core.ts'

export interface Reading {
  readonly socket: WebSocket
  readonly items: (string | Buffer)[]
  readonly closed: Promise<{ code: number; reason: string }>
  take(count: number): Promise<(string | Buffer)[]>
}

export function collect(socket: WebSocket): Reading {
  const collector = new Collector<string | Buffer>()
  socket.on('message', (data: Buffer, isBinary) => collector.add(isBinary ? data : data.toString()))
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  return { socket, items: collector.items, closed, take: (count) => collector.take(count) }
}

/** An open socket that is not read before the caller has had its turn. */
export function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  onTestFinished(() => socket.terminate())
  return within(
    3000,
    `an open ${url}`,
    new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.once('open', () => {
        socket.pause()
        queueMicrotask(() => queueMicrotask(() => setImmediate(() => socket.resume())))
        resolve(socket)
      })
      socket.once('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.once('end', () => reject(new Error(`HTTP ${response.statusCode} ${body}`)))
      })
    }),
  )
}

export function attach(
  core: TestCore,
  { channel_id: id, access_key: key, direction }: ChannelRef,
  listener = 0,
): Promise<WebSocket> {
  return open(`${core.url(listener)}/ws/channels/${id}?key=${key}&dir=${direction}`)
}
