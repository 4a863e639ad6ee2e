// What is heard of a connection's sockets reaches their owner by functions that listen on all connections alike. Closures for each
// connection would be a tenth of what one takes that is at rest.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export interface SocketOwner {
  messageCame(data: Buffer, isBinary: boolean): void
  /** The socket has ended or failed; its WebSocket does not know yet. */
  socketLost(): void
  socketClosed(): void
}

/** Under which a socket and its WebSocket know their owner. */
const OWNER = Symbol('owner')

interface Owned {
  [OWNER]: SocketOwner
}

export function listenFor(owner: SocketOwner, webSocket: WebSocket, socket: Duplex): void {
  ;(webSocket as WebSocket & Owned)[OWNER] = owner
  ;(socket as Duplex & Owned)[OWNER] = owner
  webSocket.on('message', onMessage as (data: Buffer, isBinary: boolean) => void)
  socket.prependListener('end', onLost as () => void)
  socket.prependListener('error', onLost as () => void)
  socket.on('close', onClose as () => void)
}

function onMessage(this: Owned, data: Buffer, isBinary: boolean): void {
  this[OWNER].messageCame(data, isBinary)
}

function onLost(this: Owned): void {
  this[OWNER].socketLost()
}

function onClose(this: Owned): void {
  this[OWNER].socketClosed()
}
