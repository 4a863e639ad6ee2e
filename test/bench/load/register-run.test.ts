// Workers that come at once as a load: what counts are registrations that are in force, and one that is refused ends the run.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { runRegistrations } from '../../../bench/load/register-run.ts'

type Frame = Readonly<Record<string, unknown>>

async function serve(onFrame: (socket: WebSocket, frame: Frame) => void): Promise<{ url: string; closed: number[] }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const closed: number[] = []
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('close', (code) => closed.push(code))
    socket.on('message', (data) => onFrame(socket, JSON.parse(String(data)) as Frame))
  })
  await once(server, 'listening')
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, closed }
}

const job = { kind: 'register', inFlight: 20, functions: 3, targetPid: undefined, warmupMs: 0, durationMs: 0 } as const

function answer(socket: WebSocket, { invocation_id }: Frame): void {
  socket.send(JSON.stringify({ type: 'invocationresult', invocation_id, result: { success: true } }))
}

test('Each worker registers functions of its own, then says who it is, and leaves in order', async () => {
  const ids = new Set<unknown>()
  const names = new Set<unknown>()
  const { url, closed } = await serve((socket, frame) => {
    if (frame['type'] === 'registerfunction') ids.add(frame['id'])
    if (frame['type'] !== 'invokefunction') return
    names.add((frame['data'] as Frame)['name'])
    answer(socket, frame)
  })
  const result = await runRegistrations({ ...job, url })
  expect(result).toMatchObject({ verified: 60, wrong: {}, unanswered: 0 })
  expect([ids.size, names.size]).toEqual([60, 20])
  expect(closed).toEqual(Array.from({ length: 20 }, () => 1000))
})

test('A registration that is refused is an error of the run', async () => {
  const { url } = await serve((socket, { type }) => {
    if (type === 'registerfunction') socket.send('{"type":"registrationrejected","function_id":"x"}')
  })
  await expect(runRegistrations({ ...job, url })).rejects.toThrow('registrationrejected')
})

test('A target that is not there is an error of the run', async () => {
  await expect(runRegistrations({ ...job, url: 'ws://127.0.0.1:1' })).rejects.toThrow('ECONNREFUSED')
})
