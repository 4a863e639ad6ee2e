// Requests to upgrade that are for a channel. A plugin may have to be asked first whether it has offered it: meanwhile nothing is read
// from the socket.
import type { WebSocket } from 'ws'
import type { Upgrade } from '../../base/net/web-socket-acceptor.ts'
import type { ChannelBroker } from '../channels/channel-broker.ts'

export interface WantedChannel {
  readonly id: string
  readonly key: string
  readonly direction: 'read' | 'write'
}

export class ChannelUpgrades {
  readonly #channels: ChannelBroker
  readonly #onOpened: (webSocket: WebSocket) => void
  /** Each refuses one that waits. */
  readonly #waiting = new Set<() => void>()

  /** @param onOpened gets each WebSocket before the channel does */
  constructor(channels: ChannelBroker, onOpened: (webSocket: WebSocket) => void) {
    this.#channels = channels
    this.#onOpened = onOpened
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
      accept((webSocket) => {
        this.#onOpened(webSocket)
        found.attach(webSocket)
      })
    })
  }

  /** Refuses those that wait for a plugin. */
  endWaiting(): void {
    for (const end of [...this.#waiting]) end()
  }
}
