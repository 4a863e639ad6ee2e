// Learns of a peer's close frame when it comes, which the public interface of ws does not tell.
import type { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'

/**
 * Calls back when the peer's close frame comes. ws tells of it only when the socket has ended, which is the peer's affair;
 * its version is pinned, and a test fails if the receiver changes.
 */
export function onCloseFrame(webSocket: WebSocket, callback: (code: number) => void): void {
  const { _receiver: receiver } = webSocket as unknown as { _receiver?: EventEmitter }
  receiver?.on('conclude', callback)
}
