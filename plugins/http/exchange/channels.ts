// The two channels of a request: its body, which the worker reads, and its response, which the worker may write. They are offered: the
// engine learns of one only when the worker opens it, which most never do.
import type { ChannelReader, ChannelRef, ChannelWriter, OfferedChannel, PluginHandle } from '../../../sdk/plugin.ts'

/** What a request learns of its channels. */
export interface ChannelEvents {
  /** The worker begins to read the body. */
  bodyWanted(): void
  /** After `writeBody` was false: there is room again. */
  bodyDrained(): void
  /** The worker reads no more of the body. */
  bodyClosed(): void
  responseText(text: string): void
  responseBytes(bytes: Uint8Array): void
  /** The worker has ended its response. Not clean: it was lost while it wrote. */
  responseEnded(isClean: boolean): void
}

export class RequestChannels {
  readonly refs: { readonly request_body: ChannelRef; readonly response: ChannelRef }
  readonly #events: ChannelEvents
  readonly #bodyOffer: OfferedChannel
  readonly #responseOffer: OfferedChannel
  #body: ChannelWriter | undefined
  #response: ChannelReader | undefined
  #isOpen = true

  /** @throws InvocationError `overloaded` when there are too many of them. */
  constructor(iii: Pick<PluginHandle, 'offerChannel'>, events: ChannelEvents) {
    this.#events = events
    this.#bodyOffer = iii.offerChannel('read', (writer) => this.#bodyOpened(writer))
    this.#responseOffer = iii.offerChannel('write', (reader) => this.#responseOpened(reader))
    this.refs = { request_body: this.#bodyOffer.ref, response: this.#responseOffer.ref }
  }

  /** The worker has begun to write, or is about to. */
  get isResponseOpen(): boolean {
    return this.#response !== undefined
  }

  /** False = wait for `bodyDrained`. */
  writeBody(bytes: Uint8Array): boolean {
    return this.#body!.write(bytes)
  }

  endBody(): void {
    this.#body!.close()
    // It ends after what was written, whatever becomes of the request.
    this.#body = undefined
  }

  /** No `responseBytes` come until `resumeResponse`; the worker's writer is held up. */
  pauseResponse(): void {
    this.#response?.pause()
  }

  resumeResponse(): void {
    this.#response?.resume()
  }

  /** Ends both: the worker reads and writes no more. Nothing is told of afterwards. A body that is not whole ends as one that was lost. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (!this.#bodyOffer.withdraw()) this.#body?.abort()
    if (!this.#responseOffer.withdraw()) this.#response?.close()
  }

  #bodyOpened(writer: ChannelWriter): void {
    this.#body = writer
    writer.onDrain(() => this.#isOpen && this.#events.bodyDrained())
    writer.onGone(() => this.#isOpen && this.#events.bodyClosed())
    this.#events.bodyWanted()
  }

  #responseOpened(reader: ChannelReader): void {
    this.#response = reader
    reader.onMessage((text) => this.#isOpen && this.#events.responseText(text))
    reader.onBinary((bytes) => this.#isOpen && this.#events.responseBytes(bytes))
    reader.onEnd(({ clean }) => this.#isOpen && this.#events.responseEnded(clean))
  }
}
