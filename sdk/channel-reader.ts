// The reading end of a channel over a handle's own connection. Credit goes back as items are taken, so at most one window waits here.
import { Readable } from 'node:stream'
import { CreditReturn } from '../protocol/ring/credit.ts'
import { InvocationError } from './errors.ts'
import type { EndEvents } from './channel-ends.ts'
import type { ChannelRef } from './handle-types.ts'
import type { Transport } from './transport.ts'

/** Close code of a channel that does not exist (any more): an error for the reader, unlike every other end. */
const NOT_FOUND = 404

/** The end of a channel that items are read from: texts by `onMessage`, bytes by `stream`. */
export class ChannelReader {
  readonly #transport: Transport
  readonly #end: number
  readonly #ref: ChannelRef
  readonly #events: EndEvents
  readonly #credit = new CreditReturn()
  readonly #onMessage: ((text: string) => void)[] = []
  readonly #onBinary: ((bytes: Buffer) => void)[] = []
  /** Binary items that the stream has not asked for. */
  readonly #waiting: Buffer[] = []
  #stream: Readable | undefined
  #wanted = false
  #opened = false
  #ended = false
  #failure: Error | undefined

  constructor(transport: Transport, end: number, ref: ChannelRef, events: EndEvents) {
    this.#transport = transport
    this.#end = end
    this.#ref = ref
    this.#events = events
  }

  /** The binary data; text messages go to `onMessage` alone. */
  get stream(): Readable {
    this.#stream ??= new Readable({
      read: () => {
        this.#open()
        this.#wanted = true
        this.#feed()
      },
      destroy: (error, done) => {
        this.close()
        done(error)
      },
    })
    return this.#stream
  }

  /** Calls back for each text message from now on. Attaches the reader. */
  onMessage(callback: (text: string) => void): void {
    this.#onMessage.push(callback)
    this.#open()
  }

  /** Calls back for each binary item from now on; with it items no longer wait for `stream`. Attaches the reader. */
  onBinary(callback: (bytes: Buffer) => void): void {
    this.#onBinary.push(callback)
    this.#open()
    for (const bytes of this.#waiting.splice(0)) this.#give(bytes)
  }

  /** All binary data until the end of the channel. */
  async readAll(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.stream) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  close(): void {
    if (this.#ended) return
    this.#open()
    this.#transport.channelClose(this.#end, 1000, 'channel_close')
    this.closedByPeer(1000, 'channel_close')
  }

  /** For the connection. */
  receiveText(text: string): void {
    for (const callback of this.#onMessage) callback(text)
    this.#taken(Buffer.byteLength(text))
  }

  /** For the connection. */
  receiveBinary(bytes: Buffer): void {
    if (this.#onBinary.length > 0) return this.#give(bytes)
    this.#waiting.push(bytes)
    this.#feed()
  }

  /** For the connection: nothing more comes. What came before is still read. */
  closedByPeer(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    if (code === NOT_FOUND) this.#failure = new InvocationError('NOT_FOUND', reason || 'Channel not found')
    this.#events.onEnded()
    this.#feed()
  }

  #give(bytes: Buffer): void {
    for (const callback of this.#onBinary) callback(bytes)
    if (this.#stream === undefined) return this.#taken(bytes.length)
    this.#waiting.push(bytes)
    this.#feed()
  }

  #feed(): void {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    while (this.#wanted && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift()!
      this.#wanted = stream.push(bytes)
      // An empty item does not make the stream ask again.
      if (bytes.length === 0) this.#wanted = true
      this.#taken(bytes.length)
    }
    if (!this.#ended || this.#waiting.length > 0 || stream.readableEnded) return
    if (this.#failure !== undefined) stream.destroy(this.#failure)
    else stream.push(null)
  }

  #taken(length: number): void {
    const credit = this.#credit.take(length)
    if (credit > 0 && !this.#ended) this.#transport.channelCredit(this.#end, credit)
  }

  #open(): void {
    if (this.#opened) return
    this.#opened = true
    this.#events.onAttached()
    this.#transport.openChannel(this.#end, this.#ref)
  }
}
