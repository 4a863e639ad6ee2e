// What is heard of ten thousand connections is heard by the same functions: each closure and each list of more than two listeners takes
// room in every one of them.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { PUBLIC, scene } from './session-scene.ts'

interface Served {
  readonly socket: Socket
  readonly webSocket: EventEmitter
  readonly receiver: EventEmitter
}

test('All sessions are listened to by the same functions', async () => {
  const sockets: Socket[] = []
  const add = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', add)
  onTestFinished(() => void unsubscribe('net.server.socket', add))
  const core = await scene(() => ({}))
  for (let count = 0; count < 2; count++) {
    const session = await core.connect({ listener: PUBLIC })
    await session.settled()
  }
  const [one, other] = sockets.map(servedBy)
  for (const part of ['socket', 'webSocket', 'receiver'] as const) {
    expect(listenersOf(one![part]).length).toBeGreaterThan(3)
    for (const [index, [event, listener]] of listenersOf(one![part]).entries())
      expect([part, event, listenersOf(other![part])[index]![1] === listener]).toEqual([part, event, true])
  }
})

/** By the names that ws keeps them under. */
function servedBy(socket: Socket): Served {
  const webSocket = member(socket, 'websocket') as EventEmitter
  return { socket, webSocket, receiver: Reflect.get(webSocket, '_receiver') as EventEmitter }
}

function member(socket: Socket, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(socket).find((known) => known.description === description)
  return Reflect.get(socket, symbol!)
}

function listenersOf(emitter: EventEmitter): [string | symbol, unknown][] {
  return emitter
    .eventNames()
    .flatMap((event) => emitter.rawListeners(event).map((listener) => [event, listener] as [string, unknown]))
}
