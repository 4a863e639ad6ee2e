// The connection of a channel end that belongs to no handle: made from an address and a ref, as code does that got the ref by some other way.
import type { EndEvents } from '../channel-ends.ts'
import type { ChannelRef } from '../handle-types.ts'
import type { ReadingEnd } from '../reading-end.ts'
import type { ChannelTransport } from '../transport.ts'
import { SocketChannels } from '../transports/socket-channels.ts'
import { SOCKET_LIMITS } from '../transports/socket-options.ts'
import type { SocketPlatform } from '../transports/socket-platform.ts'
import type { WritingEnd } from '../writing-end.ts'

/** In a handler a ref has become an end already: that is as good. */
export type RefOrEnd = ChannelRef | { toJSON(): ChannelRef }

/** What an end is made from: by users, or by a handle. */
export type EndOrigin =
  | readonly [address: string, ref: RefOrEnd]
  | readonly [transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents]

export type EndArguments = [transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents]

const ONLY_END = 1
const NOBODY: EndEvents = { onAttached() {}, onEnded() {} }

export class OwnChannel {
  /** For the constructor of the end. */
  readonly arguments: EndArguments
  readonly #channels: SocketChannels | undefined

  constructor(origin: EndOrigin, platform: SocketPlatform) {
    if (origin.length === 4) {
      this.arguments = [...origin]
      return
    }
    const [address, ref] = origin
    const channels = new SocketChannels(address, platform, SOCKET_LIMITS)
    this.#channels = channels
    const transport: ChannelTransport = {
      openChannel: (end, its) => channels.open(end, its),
      channelText: (end, text) => channels.send(end, text),
      channelBinary: (end, bytes) => channels.send(end, bytes),
      channelClose: (end, code, reason) => channels.close(end, code, reason),
      channelCredit: (end, bytes) => channels.credit(end, bytes),
    }
    this.arguments = [transport, ONLY_END, 'toJSON' in ref ? ref.toJSON() : ref, NOBODY]
  }

  feedReader(reader: ReadingEnd<any>): void {
    if (this.#channels === undefined) return
    this.#channels.receiver = {
      onChannelText: (_end, text) => reader.receiveText(text),
      onChannelBinary: (_end, bytes) => reader.receiveBinary(bytes),
      onChannelClose: (_end, code, reason) => reader.closedByPeer(code, reason),
      onChannelCredit() {},
    }
  }

  feedWriter(writer: WritingEnd): void {
    if (this.#channels === undefined) return
    this.#channels.receiver = {
      onChannelText() {},
      onChannelBinary() {},
      onChannelClose: () => writer.closedByPeer(),
      onChannelCredit: (_end, bytes) => writer.granted(bytes),
    }
  }
}
