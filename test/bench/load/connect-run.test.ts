// Connections as a load: counted when they are greeted, held while it is measured, and a refusal is no connection.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { runConnections } from '../../../bench/load/connect-run.ts'

const GREETING = '{"type":"workerregistered","worker_id":"a"}'

async function serve(onConnection: (socket: WebSocket) => void): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  await once(server, 'listening')
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

const job = { kind: 'connect', targetPid: undefined, warmupMs: 50, durationMs: 200, isGreeted: true } as const

test('Connections that come and go are counted once they are greeted', async () => {
  let greeted = 0
  const { url } = await serve((socket) => {
    greeted++
    socket.send(GREETING)
  })
  const result = await runConnections({ ...job, way: 'churn', inFlight: 4, url }, () => {})
  expect(result.verified).toBeGreaterThan(0)
  expect(result.verified).toBeLessThanOrEqual(greeted)
  expect(result.wrong).toEqual({})
})

test('A connection that is refused counts as wrong', async () => {
  const { url } = await serve((socket) => socket.send('{"type":"error","error":{"code":"AUTH_ERROR"}}'))
  const result = await runConnections({ ...job, way: 'churn', inFlight: 2, url }, () => {})
  expect(result.verified).toBe(0)
  expect(Object.keys(result.wrong)).toEqual(['refused'])
})

test('Connections that are held are all there when the measuring begins, and announce themselves', async () => {
  const announced: unknown[] = []
  const { url, server } = await serve((socket) => {
    socket.on('message', (data: Buffer) => announced.push((JSON.parse(data.toString()) as { data: unknown }).data))
    socket.send(GREETING)
  })
  let open = 0
  const result = await runConnections({ ...job, way: 'hold', inFlight: 100, url }, () => (open = server.clients.size))
  expect([open, result.verified]).toEqual([100, 100])
  expect(announced).toEqual(Array.from({ length: 100 }, () => ({ runtime: 'browser', name: 'bench' })))
})
