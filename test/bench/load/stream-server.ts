// A small stream listener and router for tests of the load generator: takes `stream::set` and sends each event to the subscribers of
// the group, and lets a test tamper with what one of them gets.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'

export type Frame = Record<string, unknown>

/** Gets each frame for the first subscriber, and gives what it is to get in its place; `cut` ends its connection. */
export type TamperFrame = (frame: Frame, count: number) => readonly Frame[] | 'cut'

export interface StreamServerAddress {
  readonly url: string
  readonly streamUrl: string
}

interface SetCall {
  readonly invocation_id: string
  readonly function_id: string
  readonly data: { stream_name: string; group_id: string; item_id: string; data: unknown }
}

/** `answer`: what a call of `stream::set` gets. */
export async function startStreamServer(
  tamper: TamperFrame = (frame) => [frame],
  answer: (call: SetCall) => readonly object[] = ({ invocation_id, function_id }) => [
    { type: 'invocationresult', invocation_id, function_id, result: { old_value: null, new_value: null } },
  ],
): Promise<StreamServerAddress> {
  const [router, streams] = [
    new WebSocketServer({ host: '127.0.0.1', port: 0 }),
    new WebSocketServer({ host: '127.0.0.1', port: 0 }),
  ]
  let count = 0
  const send = (type: string, { stream_name, group_id, item_id, data }: SetCall['data']): void => {
    const frame = { type: 'stream', timestamp: Date.now(), streamName: stream_name, groupId: group_id, id: item_id }
    for (const [index, socket] of [...streams.clients].entries()) {
      const whole = { ...frame, event: { type, data } }
      const frames = index === 0 ? tamper(whole, ++count) : [whole]
      if (frames === 'cut') socket.terminate()
      else for (const one of frames) socket.send(JSON.stringify(one))
    }
  }
  streams.on('connection', (socket) => socket.send('{"type":"stream","event":{"type":"sync","data":[]}}'))
  router.on('connection', (socket) =>
    socket.on('message', (text) => {
      const call = JSON.parse(String(text)) as SetCall
      send('update', call.data)
      for (const message of answer(call)) socket.send(JSON.stringify(message))
    }),
  )
  await Promise.all([once(router, 'listening'), once(streams, 'listening')])
  onTestFinished(() => {
    for (const server of [router, streams]) {
      for (const socket of server.clients) socket.terminate()
      server.close()
    }
  })
  return { url: addressOf(router), streamUrl: addressOf(streams) }
}

function addressOf(server: WebSocketServer): string {
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}
