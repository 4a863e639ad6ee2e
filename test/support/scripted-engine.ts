// The engine's end of connections, by hand: what workers send is seen frame by frame, and anything can be sent to them.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import { Collector } from './deadline.ts'

/** Speaks the engine's side by hand: every frame of each connection, oldest first. */
export async function scriptedEngine(
  port = 0,
  /** May be said of each connection, from 1. */
  greet: boolean | ((connection: number) => boolean) = true,
  onRequest: (request: IncomingMessage) => void = () => {},
  options: ServerOptions = {},
) {
  const server = new WebSocketServer({ host: '127.0.0.1', port, ...options })
  await once(server, 'listening')
  const sockets = new Collector<WebSocket>()
  const frames: Collector<Record<string, unknown>>[] = []
  server.on('connection', (socket, request) => {
    onRequest(request)
    const received = new Collector<Record<string, unknown>>()
    frames.push(received)
    socket.on('message', (data: Buffer) => received.add(JSON.parse(data.toString()) as Record<string, unknown>))
    if (typeof greet === 'boolean' ? greet : greet(frames.length))
      socket.send(
        JSON.stringify({
          type: 'workerregistered',
          worker_id: `w-${frames.length}`,
          reattach_token: `t-${frames.length}`,
        }),
      )
    sockets.add(socket)
  })
  const close = async () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  onTestFinished(close)
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, frames, close }
}
