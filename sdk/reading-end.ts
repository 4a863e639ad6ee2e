// What reading a channel is on every surface: texts and bytes go to callbacks or wait to be taken, and credit goes back as items are
// taken, so that at most one window waits here.
import { utf8Length } from '../base/values/utf8-length.ts'
import { CreditReturn } from '../protocol/ring/credit.ts'
import type { EndEvents } from './channel-ends.ts'
import { InvocationError } from './errors.ts'
import type { ChannelRef } from './handle-types.ts'
import type { ChannelTransport } from './transport.ts'

/** Close code of a channel that does not exist (any more): an error for the reader. */
const NOT_FOUND = 404
/** And of one that brought more than can be kept. Every other end is none. */
const TOO_MUCH = 1009

export abstract class ReadingEnd<Bytes extends Uint8Array> {
  readonly #transport: ChannelTransport
  readonly #end: number
  readonly #ref: ChannelRef
  readonly #events: EndEvents
  readonly #credit = new CreditReturn()
  readonly #onMessage: ((text: string) => void)[] = []
  readonly #onBinary: ((bytes: Bytes) => void)[] = []
  /** Binary items that nobody has taken. */
  readonly #waiting: Bytes[] = []
  #opened = false
  #ended = false
  #failure: Error | undefined

  constructor(transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents) {
    this.#transport = transport
    this.#end = end
    this.#ref = { ...ref, direction: 'read' }
    this.#events = events
  }

  /** In a payload or result an end stands for its ref: whoever gets it has the end. */
  toJSON(): ChannelRef {
    return this.#ref
  }

  /** Calls back for each text message from now on. Attaches the reader. */
  onMessage(callback: (text: string) => void): void {
    this.#onMessage.push(callback)
    this.attach()
  }

  /** Calls back for each binary item from now on; with it items no longer wait to be read. Attaches the reader. */
  onBinary(callback: (bytes: Bytes) => void): void {
    this.#onBinary.push(callback)
    this.attach()
    for (const bytes of this.#waiting.splice(0)) this.#give(bytes)
  }

  /** Reads no further; the writer is told. */
  close(): void {
    if (this.#ended) return
    this.attach()
    this.#transport.channelClose(this.#end, 1000, 'channel_close')
    this.closedByPeer(1000, 'channel_close')
  }

  /** @internal `ask`: the question of the engine that it answers. */
  attach(ask?: number): void {
    if (this.#opened) return
    this.#opened = true
    this.#events.onAttached()
    this.#transport.openChannel(this.#end, this.#ref, ask)
  }

  /** @internal For the connection. */
  receiveText(text: string): void {
    for (const callback of this.#onMessage) callback(text)
    this.taken(utf8Length(text))
  }

  /** @internal For the connection. */
  receiveBinary(bytes: Uint8Array): void {
    if (this.#onBinary.length > 0) return this.#give(bytes as Bytes)
    this.#waiting.push(bytes as Bytes)
    this.feed()
  }

  /** @internal For the connection: nothing more comes. What came before is still read. */
  closedByPeer(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    if (code === NOT_FOUND) this.#failure = new InvocationError('NOT_FOUND', reason || 'Channel not found')
    if (code === TOO_MUCH) this.#failure = new InvocationError('overloaded', reason || 'The channel brought too much')
    this.#events.onEnded()
    this.feed()
  }

  /** Something has come, or nothing more will. */
  protected abstract feed(): void

  /** Binary items are read besides being given to callbacks. */
  protected abstract get isRead(): boolean

  protected get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Nothing waits, and nothing will come. */
  protected get isDone(): boolean {
    return this.#ended && this.#waiting.length === 0
  }

  /** Why it ended, where that was an error. */
  protected get failure(): Error | undefined {
    return this.#failure
  }

  /** Only while `hasWaiting`. */
  protected take(): Bytes {
    return this.#waiting.shift()!
  }

  /** That many bytes were taken: as many more may come. */
  protected taken(length: number): void {
    const credit = this.#credit.take(length)
    if (credit > 0 && !this.#ended) this.#transport.channelCredit(this.#end, credit)
  }

  #give(bytes: Bytes): void {
    for (const callback of this.#onBinary) callback(bytes)
    if (!this.isRead) return this.taken(bytes.length)
    this.#waiting.push(bytes)
    this.feed()
  }
}
