// The channel ends that a handle has, by their number on its connection.
import type { ChannelRef } from './handle-types.ts'
import type { ReadingEnd } from './reading-end.ts'
import type { ChannelTransport } from './transport.ts'
import type { WritingEnd } from './writing-end.ts'

/** What an end says of itself. It is known here only in between: an end that is never used leaves nothing behind. */
export interface EndEvents {
  onAttached(): void
  onEnded(): void
}

type End<Kind> = new (transport: ChannelTransport, end: number, ref: ChannelRef, events: EndEvents) => Kind

/** The ends of channels as this surface has them. */
export interface EndKinds<Reader, Writer> {
  readonly Reader: End<Reader & ReadingEnd<any>>
  readonly Writer: End<Writer & WritingEnd>
}

export class ChannelEnds<Reader, Writer> {
  readonly #transport: ChannelTransport
  readonly #kinds: EndKinds<Reader, Writer>
  readonly #writers = new Map<number, WritingEnd>()
  readonly #readers = new Map<number, ReadingEnd<any>>()
  #lastEnd = 0

  constructor(transport: ChannelTransport, kinds: EndKinds<Reader, Writer>) {
    this.#transport = transport
    this.#kinds = kinds
  }

  /** The live end of a ref: a reader or a writer by its direction. It attaches when it is first used. */
  open(ref: ChannelRef): Reader | Writer {
    return ref.direction === 'read' ? this.openReader(ref) : this.openWriter(ref)
  }

  openWriter(ref: ChannelRef): Writer {
    const end = ++this.#lastEnd
    const writer: Writer & WritingEnd = new this.#kinds.Writer(this.#transport, end, ref, {
      onAttached: () => this.#writers.set(end, writer),
      onEnded: () => this.#writers.delete(end),
    })
    return writer
  }

  openReader(ref: ChannelRef): Reader {
    const end = ++this.#lastEnd
    const reader: Reader & ReadingEnd<any> = new this.#kinds.Reader(this.#transport, end, ref, {
      onAttached: () => this.#readers.set(end, reader),
      onEnded: () => this.#readers.delete(end),
    })
    return reader
  }

  receiveText(end: number, text: string): void {
    this.#readers.get(end)?.receiveText(text)
  }

  receiveBinary(end: number, bytes: Uint8Array): void {
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
