// Requests that a client sends on one connection before it has the answers to earlier ones (pipelining): they begin one after the other, so
// that no connection has more than one in work, and nothing more is read while some wait.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How many requests of a connection wait. At most those of one piece that was read: 64 KiB. */
const waiting = new WeakMap<Socket, number>()

/** Begins at once unless an earlier request of the connection is not answered yet. One whose connection ends meanwhile never begins. */
export function inTurn({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void {
  // Node hands the connection to one response after the other.
  if (response.socket !== null) return begin()
  const others = waiting.get(socket) ?? 0
  waiting.set(socket, others + 1)
  // Whoever reads the body of the request that is in work would have the connection read on, although that body has come.
  if (others === 0) socket.pause().on('resume', pauseThis)
  response.once('socket', () => {
    const left = waiting.get(socket)! - 1
    waiting.set(socket, left)
    if (left === 0) socket.off('resume', pauseThis).resume()
    begin()
  })
}

function pauseThis(this: Socket): void {
  this.pause()
}
