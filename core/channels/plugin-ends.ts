// A plugin as an end of a channel: items cross its ring or pipe under a credit window, so that bulk never starves calls.
import { CreditReturn, CreditWindow } from '../../protocol/ring/credit.ts'
import type { Channel, ChannelItem, ReaderEnd, WriterEnd } from './channel.ts'

/** What a plugin's link offers for its channel ends; `end` is the plugin's own number for one. */
export interface ChannelLink {
  channelText(end: number, text: Buffer): void
  channelBinary(end: number, bytes: Buffer): void
  channelClose(end: number, code: number, reason: string): void
  channelCredit(end: number, bytes: number): void
}

export class PluginWriter implements WriterEnd {
  readonly #link: ChannelLink
  readonly #end: number
  readonly #onEnded: () => void
  readonly #credit = new CreditReturn()

  /** @param onEnded the channel has ended this end: nothing more comes from it. */
  constructor(link: ChannelLink, end: number, onEnded: () => void) {
    this.#link = link
    this.#end = end
    this.#onEnded = onEnded
  }

  /** The window holds the writer back: credit is returned only for what has left the buffer. */
  pause(): void {}
  resume(): void {}

  taken(bytes: number): void {
    const granted = this.#credit.take(bytes)
    if (granted > 0) this.#link.channelCredit(this.#end, granted)
  }

  close(code: number, reason: string): void {
    this.#onEnded()
    this.#link.channelClose(this.#end, code, reason)
  }
}

export class PluginReader implements ReaderEnd {
  readonly #link: ChannelLink
  readonly #end: number
  readonly #channel: Channel
  readonly #onEnded: () => void
  readonly #window = new CreditWindow()

  /** @param onEnded the channel has ended this end: nothing more comes from it. */
  constructor(link: ChannelLink, end: number, channel: Channel, onEnded: () => void) {
    this.#link = link
    this.#end = end
    this.#channel = channel
    this.#onEnded = onEnded
  }

  get ready(): boolean {
    return this.#window.open
  }

  send({ bytes, isBinary }: ChannelItem): void {
    this.#window.spend(bytes.length)
    if (isBinary) this.#link.channelBinary(this.#end, bytes)
    else this.#link.channelText(this.#end, bytes)
  }

  granted(bytes: number): void {
    this.#window.grant(bytes)
    this.#channel.pump()
  }

  close(code: number, reason: string): void {
    this.#onEnded()
    this.#link.channelClose(this.#end, code, reason)
  }
}
