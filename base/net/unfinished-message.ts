// Whether a peer has begun a message that it does not end. What has come of it is kept for it, and pings are answered between its parts: as
// signs of life go, such a peer lives for ever.
import type { WebSocket } from 'ws'

/** What ws keeps to itself and this needs; its version is pinned, and a test fails if that changes. */
interface Receiver {
  readonly _state: number
  readonly _bufferedBytes: number
  readonly _fragmented: number
}

export class UnfinishedMessage {
  readonly #webSocket: WebSocket
  /** When it was first seen, and when the last whole message came, on the clock of `performance.now()`. */
  #since: number | undefined
  #lastWholeAt = -Infinity

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket
  }

  /** A whole message came. */
  messageCame(): void {
    this.#lastWholeAt = performance.now()
  }

  /** True when a message has been coming for that long although the socket was read. Known only from one question to the next. */
  isOverdue(ms: number, now: number): boolean {
    if (this.#webSocket.isPaused || !isMidMessage(this.#webSocket)) {
      this.#since = undefined
      return false
    }
    this.#since ??= now
    return now - Math.max(this.#since, this.#lastWholeAt) > ms
  }
}

function isMidMessage(webSocket: WebSocket): boolean {
  const { _receiver: receiver } = webSocket as unknown as { _receiver: Receiver }
  const { _state: state, _bufferedBytes: bytes, _fragmented: fragmented } = receiver
  return state !== 0 || bytes > 0 || fragmented !== 0
}
