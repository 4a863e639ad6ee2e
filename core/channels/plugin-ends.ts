// A plugin as an end of a channel: items cross its ring or pipe under a credit window, so that bulk never starves calls.
import { CreditReturn, CreditWindow } from '../../protocol/ring/credit.ts'
import { giveBack, lendRegion, MAX_REGION_BYTES } from '../../protocol/slabs.ts'
import type { ChannelEvent } from '../model/link-events.ts'
import type { Worker } from '../model/worker.ts'
import type { Channel, ChannelItem, ReaderEnd, WriterEnd } from './channel.ts'

/** What a plugin's link offers for its channel ends; `end` is the plugin's own number for one. */
export interface ChannelLink {
  channelText(end: number, text: Buffer): void
  channelBinary(end: number, bytes: Buffer): void
  channelClose(end: number, code: number, reason: string): void
  channelCredit(end: number, bytes: number): void
}

/** From this size on an item of a plugin stands in lent memory. Small ones would keep a slab for themselves where nobody reads. */
const LENT_BYTES = 8 * 1024

/** Only plugins open ends in frames, and their links have all of this. */
export function linkOf(worker: Worker): ChannelLink {
  return worker.link as unknown as ChannelLink
}

interface PluginEnd {
  readonly channel: Channel
  /** Undefined for an end that writes. */
  readonly reader: PluginReader | undefined
}

/** The ends that plugins have, by the numbers that they gave them. */
export class PluginEnds {
  readonly #ofWorkers = new Map<Worker, Map<number, PluginEnd>>()

  attach(worker: Worker, end: number, channel: Channel, reads: boolean): void {
    const ends = this.#ofWorkers.get(worker) ?? new Map<number, PluginEnd>()
    this.#ofWorkers.set(worker, ends)
    const ended = (): void => void ends.delete(end)
    if (reads) {
      const reader = new PluginReader(linkOf(worker), end, channel, ended)
      ends.set(end, { channel, reader })
      channel.attachReader(reader)
    } else {
      ends.set(end, { channel, reader: undefined })
      channel.attachWriter(new PluginWriter(linkOf(worker), end, ended))
    }
  }

  /** What is said about an end that has ended is ignored. */
  take(worker: Worker, event: Exclude<ChannelEvent, { kind: 'open' }>): void {
    const ends = this.#ofWorkers.get(worker)
    const known = ends?.get(event.end)
    if (known === undefined) return
    const { channel, reader } = known
    switch (event.kind) {
      case 'text':
      case 'binary':
        return channel.write(copyOf(event.bytes, event.kind === 'binary'))
      case 'credit':
        return reader?.granted(event.bytes)
      case 'close':
        ends?.delete(event.end)
        if (reader === undefined) channel.writerClosed(event.code === 1000)
        else channel.readerClosed()
    }
  }

  workerEnded(worker: Worker): void {
    const ends = this.#ofWorkers.get(worker)
    if (ends === undefined) return
    this.#ofWorkers.delete(worker)
    for (const { channel, reader } of ends.values()) {
      if (reader === undefined) channel.writerClosed(false)
      else channel.readerClosed()
    }
  }
}

/**
 * The bytes of an event are the ring's. Large ones go into memory that is used again and again: as garbage, they would have the whole heap
 * marked for each few megabytes of a stream.
 */
function copyOf(bytes: Buffer, isBinary: boolean): ChannelItem {
  if (bytes.length < LENT_BYTES || bytes.length > MAX_REGION_BYTES) return { bytes: Buffer.from(bytes), isBinary }
  const region = lendRegion(bytes.length)
  const copy = region.buffer.subarray(region.start, region.end)
  copy.set(bytes)
  return { bytes: copy, isBinary, region }
}

class PluginWriter implements WriterEnd {
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

class PluginReader implements ReaderEnd {
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

  send({ bytes, isBinary, region }: ChannelItem): void {
    this.#window.spend(bytes.length)
    if (isBinary) this.#link.channelBinary(this.#end, bytes)
    else this.#link.channelText(this.#end, bytes)
    // It was copied.
    if (region !== undefined) giveBack(region)
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
