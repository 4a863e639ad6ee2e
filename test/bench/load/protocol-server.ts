// A small server of the protocol for tests of the load generator: routes calls, and lets a test tamper with the answers.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'

export type Message = Record<string, unknown>

/** Gets each answer and gives what the caller is to get in its place; `cut` ends all connections. */
export type Tamper = (answer: Message) => readonly Message[] | 'cut'

export async function startProtocolServer(tamper: Tamper = (answer) => [answer]): Promise<string> {
  const functions = new Map<unknown, WebSocket>()
  const callers = new Map<unknown, WebSocket>()
  const send = (to: WebSocket | undefined, message: Message): void => to?.send(JSON.stringify(message))
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message
      if (message['type'] === 'registerfunction') functions.set(message['id'], socket)
      if (message['type'] === 'invokefunction') {
        const { invocation_id, function_id } = message
        const callee = functions.get(function_id)
        callers.set(invocation_id, socket)
        if (callee !== undefined) send(callee, message)
        else
          send(socket, { type: 'invocationresult', invocation_id, error: { code: 'function_not_found', message: '' } })
      }
      if (message['type'] === 'invocationresult') {
        const answers = tamper(message)
        if (answers === 'cut') return server.clients.forEach((client) => client.terminate())
        for (const answer of answers) send(callers.get(message['invocation_id']), answer)
      }
    }),
  )
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}
