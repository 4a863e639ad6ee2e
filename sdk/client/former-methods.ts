// What was a method of the client in SDKs of old and is a function in newer ones: both are offered.
import type { IStream } from '../stream.ts'

/** Directions of the ends of a channel. */
export const ChannelDirection = { Read: 'read', Write: 'write' } as const

/** An item of a channel. */
export type ChannelItem =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'binary'; readonly value: Uint8Array }

/** Makes items of channels. */
export const ChannelItem = {
  Text: (value: string): ChannelItem => ({ type: 'text', value }),
  Binary: (value: Uint8Array): ChannelItem => ({ type: 'binary', value }),
}

/** Creates a channel: the same as `iii.createChannel(bufferSize)`. */
export function createChannel<Channel>(
  iii: { createChannel(bufferSize?: number): Promise<Channel> },
  bufferSize?: number,
): Promise<Channel> {
  return iii.createChannel(bufferSize)
}

/** Serves a stream with an implementation of one's own: the same as `iii.createStream(name, stream)`. */
export function createStream(
  iii: { createStream(name: string, stream: IStream): void },
  name: string,
  stream: IStream,
): void {
  iii.createStream(name, stream)
}
