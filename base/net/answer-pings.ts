// Answers the pings on a WebSocket that does not do so itself. Its own way ends a connection without a word when more pings than it has
// answered come within one read; here those are answered together, as RFC 6455 §5.5.3 allows: by a pong to the latest.
import type { WebSocket } from 'ws'

/** Pongs that may wait to be written, one for each ping. For pings beyond them there is one more, to the latest. */
export const MAX_PENDING_PONGS = 60

interface Pongs {
  /** Not written yet. */
  pending: number
  /** Of the ping that is answered once one of them is. */
  latest: Buffer | undefined
}

/** Of connections that have been pinged; most never are. */
const pongsOf = new WeakMap<WebSocket, Pongs>()

/** For a WebSocket with `autoPong: false`, before it is read. */
export function answerPings(webSocket: WebSocket): void {
  webSocket.on('ping', onPing)
}

function onPing(this: WebSocket, data: Buffer): void {
  let pongs = pongsOf.get(this)
  if (pongs === undefined) {
    pongs = { pending: 0, latest: undefined }
    pongsOf.set(this, pongs)
  }
  answer(this, pongs, data)
}

function answer(webSocket: WebSocket, pongs: Pongs, data: Buffer): void {
  if (webSocket.readyState !== 1) return
  if (pongs.pending >= MAX_PENDING_PONGS) {
    pongs.latest = data
    return
  }
  pongs.pending++
  webSocket.pong(data, undefined, () => {
    pongs.pending--
    const { latest } = pongs
    pongs.latest = undefined
    if (latest !== undefined) answer(webSocket, pongs, latest)
  })
}
