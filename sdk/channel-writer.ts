// The writing end of a channel over a handle's own connection. Items wait here for credit, so that bulk never stands before calls.
import { Writable } from 'node:stream'
import { CHANNEL_ITEM_BYTES, CreditWindow } from '../protocol/ring/credit.ts'
import type { EndEvents } from './channel-ends.ts'
import type { ChannelRef } from './handle-types.ts'
import type { Transport } from './transport.ts'

/** A text item on its way through the stream, which keeps the order of text and binary items. */
class Message {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** The end of a channel that items are written to: texts by `sendMessage`, bytes by `stream`. */
export class ChannelWriter {
  /** Takes binary data (`Buffer`, `Uint8Array` or text, sent as UTF-8 bytes) with back-pressure. */
  readonly stream: Writable
  readonly #transport: Transport
  readonly #end: number
  readonly #ref: ChannelRef
  readonly #events: EndEvents
  readonly #credit = new CreditWindow()
  /** What goes on when the reader has taken something. */
  #resume: (() => void) | undefined
  #opened = false
  #ended = false
  #closeReason = 'stream_complete'

  constructor(transport: Transport, end: number, ref: ChannelRef, events: EndEvents) {
    this.#transport = transport
    this.#end = end
    this.#ref = ref
    this.#events = events
    this.stream = new Writable({
      // Object mode lets messages through; bytes are bounded by the credit window, this counts items.
      objectMode: true,
      highWaterMark: 16,
      write: (item: unknown, encoding, done) => this.#write(item, encoding, done),
      final: (done) => {
        this.#finish(this.#closeReason)
        done()
      },
      destroy: (error, done) => {
        this.#finish('channel_close')
        done(error)
      },
    })
  }

  /** Sends binary data; false when the caller should wait for `stream`'s `drain`. */
  write(data: Uint8Array | string): boolean {
    return this.stream.write(data)
  }

  /** Sends one text message, in order with the binary data. */
  sendMessage(text: string): void {
    this.stream.write(new Message(text))
  }

  /** Ends the channel after what was written. The reader is told even when nothing was. */
  close(): void {
    if (this.stream.writableEnded || this.stream.destroyed) return
    this.#closeReason = 'channel_close'
    this.stream.end()
  }

  /** For the connection: the reader has taken that much. */
  granted(bytes: number): void {
    this.#credit.grant(bytes)
    if (!this.#credit.open) return
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** For the connection: the reader, or the connection, is gone. */
  closedByPeer(): void {
    this.#forget()
    this.#resume = undefined
    // Without an error: nobody has to listen for it, the writes under way report the end.
    this.stream.destroy()
  }

  #write(item: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#open()
    if (item instanceof Message) return this.#whenOpen(() => this.#sendText(item.text), done)
    const bytes = bytesOf(item, encoding)
    if (bytes === undefined) return done(new TypeError('a channel takes Buffer, Uint8Array or string'))
    this.#sendPieces(bytes, 0, done)
  }

  #sendPieces(bytes: Uint8Array, from: number, done: (error?: Error | null) => void): void {
    let at = from
    do {
      if (!this.#credit.open) {
        this.#resume = () => this.#sendPieces(bytes, at, done)
        return
      }
      const piece = bytes.subarray(at, at + CHANNEL_ITEM_BYTES)
      this.#credit.spend(piece.length)
      this.#transport.channelBinary(this.#end, piece)
      at += CHANNEL_ITEM_BYTES
    } while (at < bytes.length)
    done()
  }

  #sendText(text: string): void {
    this.#credit.spend(Buffer.byteLength(text))
    this.#transport.channelText(this.#end, text)
  }

  #whenOpen(send: () => void, done: () => void): void {
    const run = () => {
      send()
      done()
    }
    if (this.#credit.open) run()
    else this.#resume = run
  }

  #open(): void {
    if (this.#opened) return
    this.#opened = true
    this.#events.onAttached()
    this.#transport.openChannel(this.#end, this.#ref)
  }

  #finish(reason: string): void {
    if (this.#ended) return
    this.#open()
    this.#transport.channelClose(this.#end, 1000, reason)
    this.#forget()
  }

  #forget(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.onEnded()
  }
}

function bytesOf(item: unknown, encoding: BufferEncoding): Uint8Array | undefined {
  if (typeof item === 'string') return Buffer.from(item, Buffer.isEncoding(encoding) ? encoding : 'utf8')
  return item instanceof Uint8Array ? item : undefined
}
