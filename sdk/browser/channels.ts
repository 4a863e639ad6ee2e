// The ends of channels as pages have them: without the streams of Node.
import type { EndKinds } from '../channel-ends.ts'
import { OwnChannel, type EndOrigin, type RefOrEnd } from '../client/own-channel.ts'
import { InvocationError } from '../errors.ts'
import { ReadingEnd } from '../reading-end.ts'
import { BROWSER_SOCKETS } from '../transports/browser-sockets.ts'
import { WritingEnd } from '../writing-end.ts'

/** Bytes that may wait in a writer for the reader to take some. */
export const MAX_UNSENT_BYTES = 64 << 20

/** The end of a channel that items are read from: texts by `onMessage`, bytes by `onBinary` or `readAll`. */
export class ChannelReader extends ReadingEnd<Uint8Array> {
  #whole: PromiseWithResolvers<Uint8Array> | undefined
  #chunks: Uint8Array[] = []

  /**
   * @param address of the engine, as `iii.address` gives it
   * @param ref or the end that a handler got in its place
   */
  constructor(address: string, ref: RefOrEnd)
  constructor(...origin: EndOrigin) {
    const own = new OwnChannel(origin, BROWSER_SOCKETS)
    super(...own.arguments)
    own.feedReader(this)
  }

  /** All binary data until the end of the channel. Rejects with `NOT_FOUND` when there is no such channel. */
  readAll(): Promise<Uint8Array> {
    if (this.#whole === undefined) {
      this.#whole = Promise.withResolvers()
      this.attach()
      this.feed()
    }
    return this.#whole.promise
  }

  protected override get isRead(): boolean {
    return this.#whole !== undefined
  }

  protected override feed(): void {
    if (this.#whole === undefined) return
    while (this.hasWaiting) {
      const bytes = this.take()
      this.#chunks.push(bytes)
      this.taken(bytes.length)
    }
    if (!this.isDone) return
    if (this.failure === undefined) this.#whole.resolve(joined(this.#chunks.splice(0)))
    else this.#whole.reject(this.failure)
  }
}

/** The end of a channel that items are written to: texts by `sendMessage`, bytes by `sendBinary`. */
export class ChannelWriter extends WritingEnd {
  #items: (string | Uint8Array)[] = []
  #unsentBytes = 0
  #isSending = false
  #isEnded = false

  /**
   * @param address of the engine, as `iii.address` gives it
   * @param ref or the end that a handler got in its place
   */
  constructor(address: string, ref: RefOrEnd)
  constructor(...origin: EndOrigin) {
    const own = new OwnChannel(origin, BROWSER_SOCKETS)
    super(...own.arguments)
    own.feedWriter(this)
  }

  /** Bytes and characters that have not been sent, because the reader has not taken what was sent before. */
  get bufferedAmount(): number {
    return this.#unsentBytes
  }

  override sendMessage(text: string): void {
    this.#add(text)
  }

  /** Sends binary data, in pieces of 64 KiB. Throws when more than 64 MiB wait for the reader. */
  sendBinary(data: Uint8Array): void {
    this.#add(data)
  }

  /** The same as `sendBinary`; a text goes as its UTF-8 bytes. */
  write(data: Uint8Array | string): void {
    this.#add(typeof data === 'string' ? new TextEncoder().encode(data) : data)
  }

  override close(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (!this.#isSending) this.finish('channel_close')
  }

  protected override dropped(): void {
    this.#isEnded = true
    this.#items = []
    this.#unsentBytes = 0
  }

  #add(item: string | Uint8Array): void {
    if (this.#isEnded) throw new Error('The channel is closed: nothing can be written any more')
    if (this.#unsentBytes > MAX_UNSENT_BYTES)
      throw new InvocationError(
        'overloaded',
        `More than ${MAX_UNSENT_BYTES} bytes wait for the reader of this channel; watch bufferedAmount`,
      )
    this.#items.push(item)
    this.#unsentBytes += item.length
    if (!this.#isSending) this.#next()
  }

  readonly #next = (): void => {
    // Items that go at once come back here before `send` returns: a loop, so that many of them are no deep stack.
    this.#isSending = true
    for (;;) {
      const item = this.#items.shift()
      if (item === undefined) break
      let isSent = false
      let isWaiting = false
      const sent = (): void => {
        this.#unsentBytes -= item.length
        isSent = true
        if (isWaiting) this.#next()
      }
      if (typeof item === 'string') this.sendText(item, sent)
      else this.sendBytes(item, sent)
      if (!isSent) {
        isWaiting = true
        return
      }
    }
    this.#isSending = false
    if (this.#isEnded) this.finish('channel_close')
  }
}

export const BROWSER_ENDS = { Reader: ChannelReader, Writer: ChannelWriter } as unknown as EndKinds<
  ChannelReader,
  ChannelWriter
>

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
