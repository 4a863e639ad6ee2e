// Channel ends of a worker on a socket: each is a socket of its own on `/ws/channels/{id}` (spec 01 §16). What the ends know
// as credit is here what the sockets have written and what they may read.
import { utf8Length } from '../../base/values/utf8-length.ts'
import { CHANNEL_WINDOW_BYTES, itemCost } from '../../protocol/ring/credit.ts'
import type { ChannelRef } from '../handle-types.ts'
import type { ChannelReceiver } from '../transport.ts'
import { textOf } from './socket-frames.ts'
import type { SocketLimits } from './socket-options.ts'
import type { PlatformSocket, SocketPlatform } from './socket-platform.ts'

/** Close code by which an end learns that it never was one. */
const NOT_FOUND = 404
/** Close code of a message that is too big (RFC 6455), here of all that were not read together. */
const TOO_MUCH = 1009

export class SocketChannels {
  receiver: ChannelReceiver | undefined
  readonly #url: string
  readonly #platform: SocketPlatform
  readonly #limits: SocketLimits
  readonly #ends = new Map<number, ChannelSocket>()

  constructor(url: string, platform: SocketPlatform, limits: SocketLimits) {
    this.#url = url
    this.#platform = platform
    this.#limits = limits
  }

  open(end: number, ref: ChannelRef): void {
    const channel = new ChannelSocket(channelUrl(this.#url, ref), this.#platform, this.#limits, {
      onText: (text) => this.receiver?.onChannelText(end, text),
      onBinary: (bytes) => this.receiver?.onChannelBinary(end, bytes),
      onWritten: (bytes) => this.receiver?.onChannelCredit(end, bytes),
      onClosed: (code, reason) => {
        if (this.#ends.delete(end)) this.receiver?.onChannelClose(end, code, reason)
      },
    })
    this.#ends.set(end, channel)
  }

  send(end: number, item: string | Uint8Array): void {
    this.#ends.get(end)?.send(item)
  }

  credit(end: number, bytes: number): void {
    this.#ends.get(end)?.credit(bytes)
  }

  /** What was sent before still goes out. */
  close(end: number, code: number, reason: string): void {
    const channel = this.#ends.get(end)
    this.#ends.delete(end)
    channel?.close(code, reason)
  }

  closeAll(): void {
    for (const channel of this.#ends.values()) channel.terminate()
    this.#ends.clear()
  }
}

interface ChannelSocketEvents {
  onText(text: string): void
  onBinary(bytes: Uint8Array): void
  /** That much has left for the engine: as much again may be sent. */
  onWritten(bytes: number): void
  onClosed(code: number, reason: string): void
}

class ChannelSocket {
  readonly #socket: PlatformSocket
  readonly #events: ChannelSocketEvents
  /** What was sent before the socket was open; the writer's credit bounds it. */
  #early: (string | Uint8Array)[] = []
  #closing: { code: number; reason: string } | undefined
  /** Read and not yet taken. */
  #untaken = 0
  #isPaused = false
  readonly #maxUntakenBytes: number
  #overflow: string | undefined

  constructor(url: string, platform: SocketPlatform, limits: SocketLimits, events: ChannelSocketEvents) {
    this.#events = events
    this.#maxUntakenBytes = limits.maxUntakenBytes
    let wasOpen = false
    this.#socket = platform.open(url, limits, {
      opened: () => {
        wasOpen = true
        this.#opened()
      },
      sign: () => {},
      text: (frame) => {
        const text = textOf(frame)
        this.#received(utf8Length(text))
        events.onText(text)
      },
      binary: (bytes) => {
        this.#received(bytes.length)
        events.onBinary(bytes)
      },
      closed: (code, reason, fault, status) => {
        if (this.#overflow !== undefined) return events.onClosed(TOO_MUCH, this.#overflow)
        if (wasOpen) return events.onClosed(code, reason)
        // Never open: whatever the reason, there is no such end to read from or write to.
        const problem = status === NOT_FOUND || fault === undefined ? 'Channel not found' : fault
        events.onClosed(NOT_FOUND, status === undefined || status === NOT_FOUND ? problem : `HTTP ${status}`)
      },
    })
  }

  send(item: string | Uint8Array): void {
    const { state } = this.#socket
    if (state === 'connecting') this.#early.push(item)
    else if (state === 'open') this.#write(item)
  }

  credit(bytes: number): void {
    this.#untaken -= bytes
    if (!this.#isPaused || this.#untaken >= CHANNEL_WINDOW_BYTES) return
    this.#isPaused = false
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#closing = { code, reason }
    if (this.#socket.state !== 'connecting') this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #opened(): void {
    for (const item of this.#early.splice(0)) this.#write(item)
    if (this.#closing !== undefined) this.close(this.#closing.code, this.#closing.reason)
  }

  #write(item: string | Uint8Array): void {
    const bytes = typeof item === 'string' ? utf8Length(item) : item.length
    this.#socket.send(item, (error) => {
      if (error == null) this.#events.onWritten(itemCost(bytes))
    })
  }

  #received(bytes: number): void {
    this.#untaken += itemCost(bytes)
    if (this.#isPaused && this.#untaken > this.#maxUntakenBytes) {
      this.#overflow = `More than ${this.#maxUntakenBytes} bytes were written and not read`
      return this.#socket.terminate()
    }
    if (this.#isPaused || this.#untaken < CHANNEL_WINDOW_BYTES) return
    this.#isPaused = true
    this.#socket.pause()
  }
}

/** Built from the parts of the address: its own query, for the auth function, belongs to the worker's connection only. */
function channelUrl(base: string, { channel_id, access_key, direction }: ChannelRef): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws/channels/${encodeURIComponent(channel_id)}`
  url.search = new URLSearchParams({ key: access_key, dir: direction }).toString()
  return url.href
}
