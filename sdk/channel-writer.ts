// The writing end of a channel in Node: the bytes go into a stream, which keeps texts and bytes in order.
import { Writable } from 'node:stream'
import type { EndEvents } from './channel-ends.ts'
import type { ChannelRef } from './handle-types.ts'
import type { ChannelTransport } from './transport.ts'
import { WritingEnd } from './writing-end.ts'

/** Close code of a channel whose writer was lost. */
const WRITER_LOST = 1011

/** A text item on its way through the stream. */
class Message {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** The end of a channel that items are written to: texts by `sendMessage`, bytes by `stream`. */
export class ChannelWriter extends WritingEnd {
  /** Takes binary data (`Buffer`, `Uint8Array` or text, sent as UTF-8 bytes) with back-pressure. */
  readonly stream: Writable
  #closeReason = 'stream_complete'
  #isGone = false
  #isAborted = false
  readonly #onGone: (() => void)[] = []

  constructor(transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents) {
    super(transport, end, ref, events)
    this.stream = new Writable({
      // Object mode lets messages through; bytes are bounded by the credit window, this counts items.
      objectMode: true,
      highWaterMark: 16,
      write: (item: unknown, encoding, done) => {
        if (item instanceof Message) return this.sendText(item.text, done)
        const bytes = bytesOf(item, encoding)
        if (bytes === undefined) done(new TypeError('a channel takes Buffer, Uint8Array or string'))
        else this.sendBytes(bytes, done)
      },
      final: (done) => {
        this.finish(this.#closeReason)
        done()
      },
      destroy: (error, done) => {
        if (this.#isAborted) this.finish('writer_lost', WRITER_LOST)
        else this.finish('channel_close')
        done(error)
      },
    })
  }

  /** Sends binary data; false when the caller should wait for `onDrain`, or `stream`'s `drain`. Throws after `close`. */
  write(data: Uint8Array | string): boolean {
    this.#checkOpen()
    return this.stream.write(data)
  }

  /** Calls back each time when, after `write` has returned false, more may be written. */
  onDrain(callback: () => void): void {
    this.stream.on('drain', callback)
  }

  /** Calls back once when the reader, or the connection, is gone: what is written from now on goes nowhere. Not after `close`. */
  onGone(callback: () => void): void {
    if (this.#isGone) return callback()
    this.#onGone.push(callback)
  }

  /** Sends one text message, in order with the binary data. Throws after `close`. */
  override sendMessage(text: string): void {
    this.#checkOpen()
    this.stream.write(new Message(text))
  }

  /** Ends the channel after what was written. The reader is told even when nothing was. */
  override close(): void {
    if (this.stream.writableEnded || this.stream.destroyed) return
    this.#closeReason = 'channel_close'
    this.stream.end()
  }

  /** Ends the channel at once, as that of a writer which was lost: the reader learns that something is missing. */
  abort(): void {
    this.#isAborted = true
    this.stream.destroy()
  }

  /** The stream would tell whoever listens for its errors, and end the thread where nobody does. */
  #checkOpen(): void {
    if (this.stream.writableEnded) throw new Error('The channel was closed: nothing can be written to it any more')
  }

  protected override dropped(): void {
    // Without an error: nobody has to listen for it, the writes under way report the end.
    this.stream.destroy()
    this.#isGone = true
    for (const callback of this.#onGone.splice(0)) callback()
  }
}

function bytesOf(item: unknown, encoding: BufferEncoding): Uint8Array | undefined {
  if (typeof item === 'string') return Buffer.from(item, Buffer.isEncoding(encoding) ? encoding : 'utf8')
  return item instanceof Uint8Array ? item : undefined
}
