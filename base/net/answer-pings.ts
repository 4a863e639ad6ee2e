// Answers the pings on a WebSocket that does not do so itself. Its own way ends a connection without a word when more pings than it has
// answered come within one read; here those are answered together, as RFC 6455 §5.5.3 allows: by a pong to the latest.
import type { WebSocket } from 'ws'

/** Pongs that may wait to be written, one for each ping. For pings beyond them there is one more, to the latest. */
export const MAX_PENDING_PONGS = 60

/** For a WebSocket with `autoPong: false`, before it is read. */
export function answerPings(webSocket: WebSocket): void {
  let pending = 0
  let latest: Buffer | undefined

  const written = (): void => {
    pending--
    if (latest === undefined) return
    const data = latest
    latest = undefined
    answer(data)
  }
  const answer = (data: Buffer): void => {
    if (webSocket.readyState !== 1) return
    if (pending >= MAX_PENDING_PONGS) {
      latest = data
      return
    }
    pending++
    webSocket.pong(data, undefined, written)
  }
  webSocket.on('ping', answer)
}
