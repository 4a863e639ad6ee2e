// The ends of channels as Node workers have them.
import { ChannelReader as Reader } from '../channel-reader.ts'
import { ChannelWriter as Writer } from '../channel-writer.ts'
import type { EndKinds } from '../channel-ends.ts'
import { OwnChannel, type EndOrigin, type RefOrEnd } from '../client/own-channel.ts'
import { NODE_SOCKETS } from '../transports/node-sockets.ts'

/** The end of a channel that items are read from: texts by `onMessage`, bytes by `stream`, `onBinary` or `readAll`. */
export class ChannelReader extends Reader {
  /**
   * @param address of the engine, as `iii.address` gives it
   * @param ref or the end that a handler got in its place
   */
  constructor(address: string, ref: RefOrEnd)
  constructor(...origin: EndOrigin) {
    const own = new OwnChannel(origin, NODE_SOCKETS)
    super(...own.arguments)
    own.feedReader(this)
  }
}

/** The end of a channel that items are written to: texts by `sendMessage`, bytes by `write` or `stream`. */
export class ChannelWriter extends Writer {
  /**
   * @param address of the engine, as `iii.address` gives it
   * @param ref or the end that a handler got in its place
   */
  constructor(address: string, ref: RefOrEnd)
  constructor(...origin: EndOrigin) {
    const own = new OwnChannel(origin, NODE_SOCKETS)
    super(...own.arguments)
    own.feedWriter(this)
  }
}

export const NODE_ENDS = { Reader: ChannelReader, Writer: ChannelWriter } as unknown as EndKinds<
  ChannelReader,
  ChannelWriter
>
