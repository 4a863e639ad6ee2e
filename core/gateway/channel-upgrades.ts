// Requests to upgrade that are for a channel. A plugin may have to be asked first whether it has offered it: meanwhile nothing is read
// from the socket.
import type { WebSocket } from 'ws'
import type { Upgrade } from '../../base/net/web-socket-acceptor.ts'
import type { ChannelBroker } from '../channels/channel-broker.ts'
import { readFramesDirectly, type FrameReaderOwner } from './frame-reader.ts'
import type { SideSocket } from './side-socket.ts'

/** A channel's end learns of its close from the WebSocket itself. */
const CHANNEL: FrameReaderOwner = { takesLent: true, closed() {} }

export interface WantedChannel {
  readonly id: string
  readonly key: string
  readonly direction: 'read' | 'write'
}

export class ChannelUpgrades {
  readonly #channels: ChannelBroker
  readonly #maxFrameBytes: number
  readonly #follow: (webSocket: WebSocket) => SideSocket
  /** Each refuses one that waits. */
  readonly #waiting = new Set<() => void>()

  /** @param follow gets each WebSocket before the channel does */
  constructor(channels: ChannelBroker, maxFrameBytes: number, follow: (webSocket: WebSocket) => SideSocket) {
    this.#channels = channels
    this.#maxFrameBytes = maxFrameBytes
    this.#follow = follow
  }

  open({ id, key, direction }: WantedChannel, { request, refuse, accept }: Upgrade<unknown>): void {
    const { socket } = request
    let cancel = (): void => {}
    const isOver = (): void => {
      this.#waiting.delete(endWaiting)
      socket.off('close', giveUp)
    }
    const giveUp = (): void => {
      isOver()
      cancel()
    }
    const refuseForNow = (): void => refuse('503 Service Unavailable', { headers: { 'Retry-After': '1' } })
    const endWaiting = (): void => {
      giveUp()
      refuseForNow()
    }
    this.#waiting.add(endWaiting)
    socket.once('close', giveUp)
    cancel = this.#channels.openSocket(id, key, direction, (found) => {
      isOver()
      if (found === 'unknown') return refuse('404 Not Found', { body: 'Channel not found' })
      if (found === 'unavailable') return refuseForNow()
      accept((webSocket, tcp) => {
        const followed = this.#follow(webSocket)
        if (direction === 'write') followed.frames = readFramesDirectly(webSocket, tcp, this.#maxFrameBytes, CHANNEL)
        found.attach(webSocket)
      })
    })
  }

  /** Refuses those that wait for a plugin. */
  endWaiting(): void {
    for (const end of [...this.#waiting]) end()
  }
}
