// The history of events in the database of the store: one row per batch of writes, in the transaction of the batch.
// Offsets count events from 1; the newest row always stays, since it says where to go on. Synchronous, for use inside a batch.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { randomBytes } from 'node:crypto'
import type { HistoryLimits } from '../adapters/store.ts'
import type { StreamEvent } from '../event.ts'
import { readBatch, writeBatch } from './event-batch.ts'
import { frameBytes } from './recent-events.ts'

/** `first` is the offset of the first event in `body`; a row without events says with it where the next ones begin. */
export const JOURNAL_SCHEMA =
  'CREATE TABLE epoch (name TEXT NOT NULL); ' +
  'CREATE TABLE journal (first INTEGER PRIMARY KEY, events INTEGER NOT NULL, bytes INTEGER NOT NULL, timestamp INTEGER NOT NULL, body TEXT NOT NULL)'

/** What is known of a row without reading its body. */
interface Row {
  readonly first: number
  readonly events: number
  readonly bytes: number
}

export class JournalTable {
  readonly epoch: string
  /** Offset of the newest event when the table was opened. */
  readonly newest: number
  /** Timestamp of the newest event then; 0 when there was none. */
  readonly timestamp: number
  readonly #limits: HistoryLimits
  readonly #insert: StatementSync
  readonly #trim: StatementSync
  readonly #bodies: StatementSync
  #rows: Row[]
  #events = 0
  #bytes = 0
  /** The row of the batch under way, and how many old ones it pushes out. */
  #pending: { readonly row: Row; readonly dropped: number } | undefined

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#limits = limits
    this.epoch = readEpoch(database)
    const rows = database.prepare('SELECT first, events, bytes, timestamp FROM journal ORDER BY first').all()
    this.#rows = rows.map(({ first, events, bytes }) => ({
      first: Number(first),
      events: Number(events),
      bytes: Number(bytes),
    }))
    for (const row of this.#rows) this.#count(row, 1)
    const last = this.#rows.at(-1)
    this.newest = last === undefined ? 0 : last.first + last.events - 1
    this.timestamp = Number(rows.at(-1)?.['timestamp'] ?? 0)
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO journal (first, events, bytes, timestamp, body) VALUES (?, ?, ?, ?, ?)',
    )
    this.#trim = database.prepare('DELETE FROM journal WHERE first < ?')
    this.#bodies = database.prepare('SELECT first, body FROM journal WHERE first <= ? AND events > 0 ORDER BY first')
  }

  /** Writes the events of a batch, whose offsets follow each other, and makes room for them. */
  append(events: readonly StreamEvent[], newest: number): void {
    const kept = this.#fitting(events)
    const row = { first: newest - kept.length + 1, events: kept.length, bytes: total(kept) }
    const dropped = this.#excess(row, kept.length < events.length)
    const timestamp = events.at(-1)!.timestamp
    if (dropped > 0) this.#trim.run(this.#rows[dropped]?.first ?? row.first)
    this.#insert.run(row.first, row.events, row.bytes, timestamp, kept.length === 0 ? '' : writeBatch(kept))
    this.#pending = { row, dropped }
  }

  committed(): void {
    if (this.#pending === undefined) return
    const { row, dropped } = this.#pending
    this.#pending = undefined
    for (const old of this.#rows.splice(0, dropped)) this.#count(old, -1)
    this.#rows.push(row)
    this.#count(row, 1)
  }

  rolledBack(): void {
    this.#pending = undefined
  }

  /** What is left of the events up to `newest`, the newest when the table was opened; without a gap. */
  readOlder(): StreamEvent[] {
    return this.#bodies.all(this.newest).flatMap(({ first, body }) => {
      return readBatch(String(body), this.epoch, Number(first))
    })
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

  /** How many of the oldest rows go. More than need be, an eighth of the limits, so that not every batch has to delete. */
  #excess(row: Row, isCut: boolean): number {
    if (isCut) return this.#rows.length
    const { maxEvents, maxBytes } = this.#limits
    let events = this.#events + row.events
    let bytes = this.#bytes + row.bytes
    let dropped = 0
    // A row without events has done its duty.
    if (this.#rows[0]?.events === 0) dropped++
    if (events <= maxEvents && bytes <= maxBytes) return dropped
    for (; dropped < this.#rows.length; dropped++) {
      if (events <= maxEvents * 0.875 && bytes <= maxBytes * 0.875) break
      events -= this.#rows[dropped]!.events
      bytes -= this.#rows[dropped]!.bytes
    }
    return dropped
  }

  #count({ events, bytes }: Row, sign: 1 | -1): void {
    this.#events += sign * events
    this.#bytes += sign * bytes
  }
}

function total(events: readonly StreamEvent[]): number {
  return events.reduce((sum, event) => sum + frameBytes(event), 0)
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
