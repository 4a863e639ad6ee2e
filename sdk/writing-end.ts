// What writing a channel is on every surface: items wait here for credit, so that bulk never stands before calls, and long ones go in
// pieces.
import { utf8Length } from '../base/values/utf8-length.ts'
import { CHANNEL_ITEM_BYTES, CreditWindow } from '../protocol/ring/credit.ts'
import type { EndEvents } from './channel-ends.ts'
import type { ChannelRef } from './handle-types.ts'
import type { ChannelTransport } from './transport.ts'

export abstract class WritingEnd {
  readonly #transport: ChannelTransport
  readonly #end: number
  readonly #ref: ChannelRef
  readonly #events: EndEvents
  readonly #credit = new CreditWindow()
  /** What goes on when the reader has taken something. */
  #resume: (() => void) | undefined
  #opened = false
  #ended = false

  constructor(transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents) {
    this.#transport = transport
    this.#end = end
    this.#ref = { ...ref, direction: 'write' }
    this.#events = events
  }

  /** In a payload or result an end stands for its ref: whoever gets it has the end. */
  toJSON(): ChannelRef {
    return this.#ref
  }

  /** Sends one text message, in order with the binary data. */
  abstract sendMessage(text: string): void

  /** Ends the channel after what was written. The reader is told even when nothing was. */
  abstract close(): void

  /** @internal `ask`: the question of the engine that it answers. */
  attach(ask?: number): void {
    if (this.#opened) return
    this.#opened = true
    this.#events.onAttached()
    this.#transport.openChannel(this.#end, this.#ref, ask)
  }

  /** @internal For the connection: the reader has taken that much. */
  granted(bytes: number): void {
    this.#credit.grant(bytes)
    if (!this.#credit.open) return
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** @internal For the connection: the reader, or the connection, is gone. */
  closedByPeer(): void {
    this.#forget()
    this.#resume = undefined
    this.dropped()
  }

  /** Nothing can be written any more. */
  protected abstract dropped(): void

  /** One item at a time: the next one after `done`. */
  protected sendText(text: string, done: () => void): void {
    this.attach()
    const send = (): void => {
      this.#credit.spend(utf8Length(text))
      this.#transport.channelText(this.#end, text)
      done()
    }
    if (this.#credit.open) send()
    else this.#resume = send
  }

  /** One item at a time: the next one after `done`. */
  protected sendBytes(bytes: Uint8Array, done: () => void): void {
    this.attach()
    this.#sendPieces(bytes, 0, done)
  }

  /** Nothing more is written: the reader is told, by another code than 1000 that something is missing. */
  protected finish(reason: string, code = 1000): void {
    if (this.#ended) return
    this.attach()
    this.#transport.channelClose(this.#end, code, reason)
    this.#forget()
  }

  #sendPieces(bytes: Uint8Array, from: number, done: () => void): void {
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

  #forget(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.onEnded()
  }
}
