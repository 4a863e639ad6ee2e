// The history of events in the database of the store: the events of each batch of writes, written in its transaction to a ring of
// pages. Offsets count events from 1. Synchronous, for use inside a batch.
import { randomBytes } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { HistoryLimits } from '../adapters/store.ts'
import type { StreamEvent } from '../event.ts'
import { readBatch, readBatches, writeBatch } from './event-batch.ts'
import { BODY_BYTES, HEADER_BYTES, JournalPage, type JournalEnd } from './journal-page.ts'
import { frameBytes } from './recent-events.ts'

export const JOURNAL_SCHEMA =
  'CREATE TABLE epoch (name TEXT NOT NULL); CREATE TABLE journal (slot INTEGER PRIMARY KEY, page BLOB NOT NULL)'

/** Pages whose bytes are kept to be used again: 256 KiB. */
const MAX_SPARE = 64

/** A page in the order of the pages. */
interface Place {
  readonly slot: number
  /** As `JournalPage.first`. */
  readonly first: number
}

/** What a batch makes of the journal, if it is committed. */
interface Pending {
  /** Pages that were written, the last of them is the new last one. */
  readonly pages: readonly JournalPage[]
  /** How many of the oldest pages were used again, and how many new ones were made. */
  readonly reused: number
  readonly made: number
  readonly floor: number
}

export class JournalTable {
  readonly epoch: string
  /** How far the journal was when it was opened. */
  readonly opened: JournalEnd
  readonly #database: DatabaseSync
  readonly #limits: HistoryLimits
  readonly #insert: StatementSync
  readonly #overwrite: StatementSync
  readonly #removeNewer: StatementSync
  /** All pages, oldest first; the last one is `#last`. */
  readonly #places: Place[]
  #last: JournalPage
  #floor: number
  #slots: number
  #pending: Pending | undefined
  /** Bytes of pages that are not needed any more. */
  #spare: Buffer[] = []

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#database = database
    this.#limits = limits
    // As a SELECT it has a statement journal: on a full disk SQLite undoes this statement, with VALUES the whole transaction.
    this.#insert = database.prepare('INSERT INTO journal (page, slot) SELECT ?, ?')
    this.#overwrite = database.prepare('UPDATE journal SET page = ? WHERE slot = ?')
    this.#removeNewer = database.prepare('DELETE FROM journal WHERE slot > ?')
    this.epoch = readEpoch(database)
    const heads = this.#readPages(`substr(page, 1, ${HEADER_BYTES})`)
    this.#slots = heads.length
    this.#places = heads.map(placeOf)
    this.#last = heads.length === 0 ? this.#addFirst() : this.#readPage(heads.at(-1)!.slot)
    this.opened = this.#last.journalEnd
    this.#floor = this.opened.floor
  }

  /** Writes the events of a batch, whose offsets follow each other up to `newest`, and lets go of the oldest ones. */
  append(events: readonly StreamEvent[], newest: number): void {
    const { timestamp } = events.at(-1)!
    const kept = this.#fitting(events)
    try {
      this.#pending = this.#write(kept, newest, timestamp)
    } catch (error) {
      // No room to grow: what was written counts more than its history. Deleting must be possible, to make room.
      if (kept.length === 0 || !this.#database.isTransaction) throw error
      this.#removeNewer.run(this.#slots)
      this.#pending = this.#write([], newest, timestamp)
    }
  }

  committed(): void {
    if (this.#pending === undefined) return
    const { pages, reused, made, floor } = this.#pending
    this.#pending = undefined
    this.#floor = floor
    this.#places.pop()
    this.#places.splice(0, reused)
    for (const page of pages) this.#places.push(placeOf(page))
    this.#keepSpare([this.#last, ...pages.slice(0, -1)])
    this.#last = pages.at(-1)!
    this.#slots += made
  }

  rolledBack(): void {
    this.#pending = undefined
  }

  #keepSpare(pages: readonly JournalPage[]): void {
    for (const { bytes } of pages) if (this.#spare.length < MAX_SPARE) this.#spare.push(bytes)
  }

  /** What is left of the events up to an offset, oldest first and without a gap. Throws when some are not there. */
  read(newest: number): StreamEvent[] {
    const pages = this.#readPages()
    const begin = pages.findIndex(({ start }) => start !== undefined)
    const parts = (begin < 0 ? [] : pages.slice(begin)).map((page, index) =>
      page.body(index === 0 ? page.start : undefined),
    )
    const events: StreamEvent[] = []
    for (const { text, first, count } of readBatches(Buffer.concat(parts))) {
      if (first + count - 1 <= this.#floor || first > newest) continue
      events.push(...readBatch(text, this.epoch, first))
    }
    const kept = events.filter(({ position }) => position!.offset > this.#floor && position!.offset <= newest)
    const wanted = Math.max(0, newest - this.#floor)
    if (kept.length !== wanted) throw new Error(`the journal has ${kept.length} of ${wanted} events`)
    return kept
  }

  #write(kept: readonly StreamEvent[], newest: number, timestamp: number): Pending {
    const first = newest - kept.length + 1
    const batch = kept.length === 0 ? undefined : writeBatch(kept, first)
    const { floor, free } = this.#makeRoom(batch?.length ?? 0, newest, kept.length)
    // A copy: if the batch is undone, the page is what it was.
    const pages = [this.#last.copy(this.#spare.pop())]
    let page = pages[0]!
    const nextPage = (next: number): void => {
      const added = pages.length - 1
      const slot = added < free ? this.#places[added]!.slot : this.#slots + 1 + added - free
      page = JournalPage.empty(slot, page.number + 1, next, this.#spare.pop())
      pages.push(page)
    }
    if (batch !== undefined) {
      if (page.room === 0) nextPage(first)
      page.begin(first)
      for (let at = page.take(batch, 0); at < batch.length; at += page.take(batch, at)) nextPage(newest + 1)
    }
    const end = { newest, floor, timestamp }
    for (const written of pages) written.setJournalEnd(end)
    // New ones first: once they have found room, nothing else needs any.
    const old = Math.min(pages.length, free + 1)
    for (const made of pages.slice(old)) this.#insert.run(made.bytes, made.slot)
    for (const overwritten of pages.slice(0, old)) this.#overwrite.run(overwritten.bytes, overwritten.slot)
    return { pages, reused: old - 1, made: pages.length - old, floor }
  }

  /** From where on everything is kept once this many bytes have been added, and how many of the oldest pages are free then. */
  #makeRoom(bytes: number, newest: number, kept: number): { floor: number; free: number } {
    const { maxEvents, maxBytes } = this.#limits
    const pages = this.#places.length + Math.ceil(Math.max(0, bytes - this.#last.room) / BODY_BYTES)
    // Events that were left out make everything before them useless.
    let floor = kept > 0 && kept === newest - this.#newest ? this.#floor : newest - kept
    let free = 0
    for (; free + 1 < this.#places.length; free++) {
      const after = this.#places[free + 1]!.first - 1
      const isWithin = newest - floor <= maxEvents && (pages - free) * BODY_BYTES <= maxBytes
      if (after > floor && isWithin) break
      floor = Math.max(floor, after)
    }
    return { floor, free }
  }

  get #newest(): number {
    return this.#last.journalEnd.newest
  }

  /** The latest events of a batch that are within the limits by themselves. */
  #fitting(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const { maxEvents, maxBytes } = this.#limits
    let bytes = 0
    let from = events.length
    while (from > 0 && events.length - from < maxEvents) {
      bytes += frameBytes(events[from - 1]!)
      if (bytes > maxBytes) break
      from--
    }
    return from === 0 ? events : events.slice(from)
  }

  /** All pages in their order. @param what the whole of a page, or its header */
  #readPages(what = 'page'): JournalPage[] {
    const rows = this.#database.prepare(`SELECT slot, ${what} AS page FROM journal`).all()
    return rows
      .map(({ slot, page }) => new JournalPage(Number(slot), toBuffer(page as Uint8Array)))
      .sort((one, other) => one.number - other.number)
  }

  #readPage(slot: number): JournalPage {
    const row = this.#database.prepare('SELECT page FROM journal WHERE slot = ?').get(slot)
    return new JournalPage(slot, toBuffer(row!['page'] as Uint8Array))
  }

  /** There is always a last page, so that how far the journal is can be written without growing. */
  #addFirst(): JournalPage {
    const page = JournalPage.empty(1, 1, 1)
    this.#insert.run(page.bytes, page.slot)
    this.#places.push(placeOf(page))
    this.#slots = 1
    return page
  }
}

function placeOf({ slot, first }: JournalPage): Place {
  return { slot, first }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Made with the database: positions of another one mean nothing here. */
function readEpoch(database: DatabaseSync): string {
  const found = database.prepare('SELECT name FROM epoch').get()?.['name']
  if (found !== undefined) return String(found)
  const epoch = newEpoch()
  database.prepare('INSERT INTO epoch (name) VALUES (?)').run(epoch)
  return epoch
}

export function newEpoch(): string {
  return randomBytes(8).toString('hex')
}
