// A WebSocket as an end of a channel (spec 01 §16.2–16.4).
import type { WebSocket } from 'ws'
import { giveBack, type Region } from '../../protocol/slabs.ts'
import type { Channel, ChannelItem, ReaderEnd, WriterEnd } from './channel.ts'

/** Bytes that may wait in a reader's socket before the next item is held back. */
const SOCKET_BYTES = 256 * 1024

export function attachSocketWriter(channel: Channel, webSocket: WebSocket): void {
  const end: WriterEnd = {
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
    taken: () => {},
    close: (code, reason) => endSocket(webSocket, code, reason),
  }
  channel.attachWriter(end)
  webSocket.on('message', (bytes: Buffer, isBinary: boolean, region?: Region) =>
    channel.write(region === undefined ? { bytes, isBinary } : { bytes, isBinary, region }),
  )
  // 1000 or no code ends what was written (spec 01 §16.4). After any other, a browser's 1001 and our own included, some may be missing.
  webSocket.on('close', (code: number) => channel.writerClosed(code === 1000 || code === 1005))
}

export function attachSocketReader(channel: Channel, webSocket: WebSocket): void {
  const end: ReaderEnd = {
    get ready() {
      return webSocket.readyState === 1 && webSocket.bufferedAmount < SOCKET_BYTES
    },
    send({ bytes, isBinary, region }: ChannelItem) {
      webSocket.send(bytes, { binary: isBinary }, () => {
        if (region !== undefined) giveBack(region)
        channel.pump()
      })
    },
    close: (code, reason) => webSocket.close(code, reason),
  }
  // Read, though what a reader sends is ignored: else neither its pings nor its close would be noticed.
  webSocket.on('message', () => {})
  webSocket.on('close', () => channel.readerClosed())
  channel.attachReader(end)
}

/** A writer that was paused does not read the answer to a close frame: it is cut when it does not go by itself. */
function endSocket(webSocket: WebSocket, code: number, reason: string): void {
  webSocket.resume()
  webSocket.close(code, reason)
  const timer = setTimeout(() => webSocket.terminate(), 1000)
  timer.unref()
  webSocket.once('close', () => clearTimeout(timer))
}
