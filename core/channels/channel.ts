// One channel: a bounded buffer of items between one writer and one reader, in one direction, used once (spec 01 §16.3–16.4).
// Ends may be sockets or plugins; this knows only their interfaces.

import type { Region } from '../../protocol/slabs.ts'

/** One WebSocket message: its boundaries and its kind are kept. */
export interface ChannelItem {
  readonly bytes: Buffer
  readonly isBinary: boolean
  /** Lent memory that `bytes` stand in: the end that has sent the item gives it back. An item that is dropped leaves it to the garbage. */
  readonly region?: Region
}

export interface WriterEnd {
  /** Stop and go on taking items from the writer. */
  pause(): void
  resume(): void
  /** An item of this size has left the buffer. */
  taken(bytes: number): void
  close(code: number, reason: string): void
}

export interface ReaderEnd {
  /** True when the next item may be sent at once; otherwise the end calls `Channel.pump` when it may. */
  readonly ready: boolean
  send(item: ChannelItem): void
  close(code: number, reason: string): void
}

/** Bytes that a channel holds at most, whatever its number of items; the writer is paused earlier, nothing is dropped. */
const MAX_BYTES = 8 * 1024 * 1024

/** What channels hold together: those of one session. */
export interface SharedBytes {
  bytes: number
}

/** Together they hold no more, but for what each writer had sent already: beyond twice as much a channel ends. */
export const MAX_SHARED_BYTES = 64 * 1024 * 1024

export class Channel {
  readonly id: string
  readonly key: string
  readonly createdAt: number
  readonly #maxItems: number
  readonly #onFinished: (channel: Channel) => void
  #items: ChannelItem[] = []
  #bytes = 0
  #paused = false
  #writer: WriterEnd | undefined
  #reader: ReaderEnd | undefined
  /** An end that was taken once stays taken: a reconnect of the same end is refused. */
  writerTaken = false
  readerTaken = false
  #writerEnd: 'open' | 'closed' | 'lost' = 'open'
  #readerGone = false

  readonly #shared: SharedBytes | undefined

  constructor(
    id: string,
    key: string,
    maxItems: number,
    createdAt: number,
    onFinished: (channel: Channel) => void,
    shared?: SharedBytes,
  ) {
    this.#shared = shared
    this.id = id
    this.key = key
    this.createdAt = createdAt
    this.#maxItems = maxItems
    this.#onFinished = onFinished
  }

  get bufferedBytes(): number {
    return this.#bytes
  }

  attachWriter(end: WriterEnd): void {
    this.writerTaken = true
    this.#writer = end
    if (this.#readerGone) this.#dropWriter()
  }

  attachReader(end: ReaderEnd): void {
    this.readerTaken = true
    this.#reader = end
    this.pump()
  }

  write(item: ChannelItem): void {
    if (this.#readerGone) return this.#dropWriter()
    const together = (this.#shared?.bytes ?? 0) + item.bytes.length
    if (this.#shared !== undefined && together > 2 * MAX_SHARED_BYTES && this.#reader?.ready !== true)
      return this.end(1013, 'too much waits in the channels of this session')
    this.#items.push(item)
    this.#hold(item.bytes.length)
    this.pump()
    if (!this.#paused && this.#isFull) {
      this.#paused = true
      this.#writer?.pause()
    }
  }

  /** Sends what the reader takes; ends the reader after the last item of an ended writer. */
  pump(): void {
    const reader = this.#reader
    if (reader === undefined) return
    while (reader.ready) {
      const item = this.#items.shift()
      if (item === undefined) break
      this.#hold(-item.bytes.length)
      reader.send(item)
      this.#writer?.taken(item.bytes.length)
    }
    if (this.#paused && !this.#isFull) {
      this.#paused = false
      this.#writer?.resume()
    }
    if (this.#items.length > 0 || this.#writerEnd === 'open') return
    this.#reader = undefined
    if (this.#writerEnd === 'closed') reader.close(1000, '')
    else reader.close(1011, 'writer_lost')
    this.#finish()
  }

  /** @param clean with a close frame; otherwise the reader learns that the end may be missing. */
  writerClosed(clean: boolean): void {
    if (this.#writerEnd !== 'open') return
    this.#writer = undefined
    this.#writerEnd = clean ? 'closed' : 'lost'
    if (this.#readerGone) this.#finish()
    else this.pump()
  }

  /** Nothing that is written from now on has a reader: the writer is told at once. */
  readerClosed(): void {
    if (this.#readerGone || this.#reader === undefined) return
    this.#readerGone = true
    this.#reader = undefined
    this.#items = []
    this.#hold(-this.#bytes)
    if (this.#writer !== undefined) this.#dropWriter()
    else if (this.#writerEnd !== 'open') this.#finish()
  }

  /** Ends both ends, for whatever reason lies outside the channel. */
  end(code: number, reason: string): void {
    this.#reader?.close(code, reason)
    this.#writer?.close(code, reason)
    this.#reader = this.#writer = undefined
    this.#items = []
    this.#hold(-this.#bytes)
    this.#finish()
  }

  get #isFull(): boolean {
    if (this.#items.length >= this.#maxItems || this.#bytes >= MAX_BYTES) return true
    // Once it is empty it goes on, whatever the others hold: it would not be told when that is less.
    return this.#bytes > 0 && (this.#shared?.bytes ?? 0) >= MAX_SHARED_BYTES
  }

  #hold(bytes: number): void {
    this.#bytes += bytes
    if (this.#shared !== undefined) this.#shared.bytes += bytes
  }

  #dropWriter(): void {
    const writer = this.#writer
    this.#writer = undefined
    this.#writerEnd = 'closed'
    writer?.close(1000, 'reader_gone')
    this.#finish()
  }

  #finish(): void {
    this.#onFinished(this)
  }
}
