// A socket of `/otel` or of a channel, as the sweep of its listener sees it: it is not pinged and may be quiet for as long as it likes, but
// a message that was begun has to end.
import type { WebSocket } from 'ws'
import type { SweptPeer } from '../../base/net/peer-sweep.ts'
import { UnfinishedMessage } from '../../base/net/unfinished-message.ts'
import type { FrameReader } from './frame-reader.ts'

export class SideSocket implements SweptPeer {
  readonly #webSocket: WebSocket
  readonly #unfinished: UnfinishedMessage
  /** Where frames are read without the receiver of ws. */
  frames: FrameReader | undefined

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket
    const unfinished = (this.#unfinished = new UnfinishedMessage(webSocket))
    webSocket.on('message', () => unfinished.messageCame())
  }

  ping(): void {}

  isSilent(ms: number, now: number): boolean {
    return this.#unfinished.isOverdue(ms, now) || this.frames?.isStuck(ms, now, !this.#webSocket.isPaused) === true
  }

  giveUp(): void {
    this.#webSocket.terminate()
  }
}
