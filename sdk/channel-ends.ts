// The channel ends that a handle has, by their number on its connection.
import { ChannelReader } from './channel-reader.ts'
import { ChannelWriter } from './channel-writer.ts'
import type { ChannelRef } from './handle-types.ts'
import type { Transport } from './transport.ts'

/** What an end says of itself. It is known here only in between: an end that is never used leaves nothing behind. */
export interface EndEvents {
  onAttached(): void
  onEnded(): void
}

export class ChannelEnds {
  readonly #transport: Transport
  readonly #writers = new Map<number, ChannelWriter>()
  readonly #readers = new Map<number, ChannelReader>()
  #lastEnd = 0

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The live end of a ref: a reader or a writer by its direction. It attaches when it is first used. */
  open(ref: ChannelRef): ChannelReader | ChannelWriter {
    return ref.direction === 'read' ? this.openReader(ref) : this.openWriter(ref)
  }

  openWriter(ref: ChannelRef): ChannelWriter {
    const end = ++this.#lastEnd
    const writer: ChannelWriter = new ChannelWriter(this.#transport, end, ref, {
      onAttached: () => this.#writers.set(end, writer),
      onEnded: () => this.#writers.delete(end),
    })
    return writer
  }

  openReader(ref: ChannelRef): ChannelReader {
    const end = ++this.#lastEnd
    const reader: ChannelReader = new ChannelReader(this.#transport, end, ref, {
      onAttached: () => this.#readers.set(end, reader),
      onEnded: () => this.#readers.delete(end),
    })
    return reader
  }

  receiveText(end: number, text: string): void {
    this.#readers.get(end)?.receiveText(text)
  }

  receiveBinary(end: number, bytes: Buffer): void {
    this.#readers.get(end)?.receiveBinary(bytes)
  }

  receiveClose(end: number, code: number, reason: string): void {
    this.#readers.get(end)?.closedByPeer(code, reason)
    this.#writers.get(end)?.closedByPeer()
  }

  receiveCredit(end: number, bytes: number): void {
    this.#writers.get(end)?.granted(bytes)
  }

  closeAll(): void {
    for (const reader of [...this.#readers.values()]) reader.closedByPeer(1001, 'connection closed')
    for (const writer of [...this.#writers.values()]) writer.closedByPeer()
  }
}
