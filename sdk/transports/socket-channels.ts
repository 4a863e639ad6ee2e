// Channel ends of a worker on a socket: each is a socket of its own on `/ws/channels/{id}` (spec 01 §16). What the ends know
// as credit is here what the sockets have written and what they may read.
import WebSocket from 'ws'
import { CHANNEL_WINDOW_BYTES, itemCost } from '../../protocol/ring/credit.ts'
import type { ChannelRef } from '../handle-types.ts'
import type { Receiver } from '../transport.ts'
import type { SocketLimits } from './socket-options.ts'

/** Close code by which an end learns that it never was one. */
const NOT_FOUND = 404

export class SocketChannels {
  receiver: Receiver | undefined
  readonly #url: string
  readonly #limits: SocketLimits
  readonly #ends = new Map<number, ChannelSocket>()

  constructor(url: string, limits: SocketLimits) {
    this.#url = url
    this.#limits = limits
  }

  open(end: number, ref: ChannelRef): void {
    const socket = new WebSocket(channelUrl(this.#url, ref), {
      perMessageDeflate: false,
      maxPayload: this.#limits.maxFrameBytes,
      handshakeTimeout: this.#limits.handshakeMs,
    })
    const channel = new ChannelSocket(socket, {
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
  onBinary(bytes: Buffer): void
  /** That much has left for the engine: as much again may be sent. */
  onWritten(bytes: number): void
  onClosed(code: number, reason: string): void
}

class ChannelSocket {
  readonly #socket: WebSocket
  readonly #events: ChannelSocketEvents
  /** What was sent before the socket was open; the writer's credit bounds it. */
  #early: (string | Uint8Array)[] = []
  #closing: { code: number; reason: string } | undefined
  /** Read and not yet taken. */
  #untaken = 0
  #wasOpen = false

  constructor(socket: WebSocket, events: ChannelSocketEvents) {
    this.#socket = socket
    this.#events = events
    let problem: string | undefined
    socket.on('open', () => this.#opened())
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary))
    socket.on('unexpected-response', (_request, response) => {
      problem ??= response.statusCode === NOT_FOUND ? 'Channel not found' : `HTTP ${response.statusCode}`
      socket.terminate()
    })
    socket.on('error', (error) => (problem ??= error.message))
    socket.on('close', (code, reason) => {
      // Never open: whatever the reason, there is no such end to read from or write to.
      if (problem !== undefined && !this.#wasOpen) events.onClosed(NOT_FOUND, problem)
      else events.onClosed(code, reason.toString())
    })
  }

  send(item: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#early.push(item)
    else if (this.#socket.readyState === WebSocket.OPEN) this.#write(item)
  }

  credit(bytes: number): void {
    this.#untaken -= bytes
    if (this.#socket.isPaused && this.#untaken < CHANNEL_WINDOW_BYTES) this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#closing = { code, reason }
    if (this.#socket.readyState !== WebSocket.CONNECTING) this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #opened(): void {
    this.#wasOpen = true
    for (const item of this.#early.splice(0)) this.#write(item)
    if (this.#closing !== undefined) this.close(this.#closing.code, this.#closing.reason)
  }

  #write(item: string | Uint8Array): void {
    const bytes = typeof item === 'string' ? Buffer.byteLength(item) : item.length
    this.#socket.send(item, { binary: typeof item !== 'string' }, (error) => {
      if (error == null) this.#events.onWritten(itemCost(bytes))
    })
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#untaken += itemCost(data.length)
    if (this.#untaken >= CHANNEL_WINDOW_BYTES) this.#socket.pause()
    if (isBinary) this.#events.onBinary(data)
    else this.#events.onText(data.toString())
  }
}

/** Built from the parts of the address: its own query, for the auth function, belongs to the worker's connection only. */
function channelUrl(base: string, { channel_id, access_key, direction }: ChannelRef): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws/channels/${encodeURIComponent(channel_id)}`
  url.search = new URLSearchParams({ key: access_key, dir: direction }).toString()
  return url
}
