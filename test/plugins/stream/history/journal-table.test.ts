import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HistoryLimits } from '../../../../plugins/stream/adapters/store.ts'
import { StreamEvent } from '../../../../plugins/stream/event.ts'
import { BODY_BYTES } from '../../../../plugins/stream/history/journal-page.ts'
import { JOURNAL_SCHEMA, JournalTable } from '../../../../plugins/stream/history/journal-table.ts'

const LARGE: HistoryLimits = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 }

/** A journal with everything that was committed to it, kept beside. */
class Journal {
  readonly database = new DatabaseSync(':memory:')
  readonly committed: StreamEvent[] = []
  table: JournalTable
  #limits: HistoryLimits

  constructor(limits: HistoryLimits) {
    this.#limits = limits
    this.database.exec(JOURNAL_SCHEMA)
    onTestFinished(() => this.database.close())
    this.table = new JournalTable(this.database, limits)
  }

  /** @param sizes of the events of one batch */
  write(sizes: readonly number[], commit = true): void {
    const events = sizes.map((size, i) => this.#event(this.committed.length + 1 + i, size))
    this.database.exec('BEGIN')
    this.table.append(events, this.committed.length + events.length)
    if (commit) {
      this.database.exec('COMMIT')
      this.table.committed()
      this.committed.push(...events)
    } else {
      this.database.exec('ROLLBACK')
      this.table.rolledBack()
    }
  }

  reopen(limits = this.#limits): void {
    this.#limits = limits
    this.table = new JournalTable(this.database, limits)
  }

  /** The events that a new run finds, oldest first. */
  kept(): StreamEvent[] {
    const table = new JournalTable(this.database, this.#limits)
    return table.read(table.opened.newest)
  }

  get pages(): number {
    return Number(this.database.prepare('SELECT count(*) AS n FROM journal').get()?.['n'])
  }

  #event(offset: number, size: number): StreamEvent {
    return new StreamEvent({
      stream: offset % 3 === 0 ? 's' : 'ü\ud800',
      group: 'g',
      item: offset % 4 === 0 ? null : `i${offset % 7}\n`,
      timestamp: 1_767_000_000_000 + Math.floor(offset / 3),
      event: `{"type":"create","data":"${'ü'.repeat(offset % 2)}${'x'.repeat(size)}"}`,
      position: { epoch: this.table.epoch, offset },
    })
  }
}

const frames = (events: readonly StreamEvent[]): string[] => events.map(({ frame }) => frame.toString())

describe('the journal', () => {
  test('gives back exactly what was written, across pages and batches', () => {
    const journal = new Journal(LARGE)
    for (const sizes of [[0], [10, 20, 30], [BODY_BYTES], [50_000], [1, 100_000, 1], Array(300).fill(90)]) {
      journal.write(sizes)
      expect(frames(journal.kept())).toEqual(frames(journal.committed))
    }
    const { opened, epoch } = new JournalTable(journal.database, LARGE)
    expect(epoch).toBe(journal.table.epoch)
    expect(opened).toEqual({ newest: 309, floor: 0, timestamp: journal.committed.at(-1)!.timestamp })
  })

  test('two databases have two epochs', () => {
    expect(new Journal(LARGE).table.epoch).not.toBe(new Journal(LARGE).table.epoch)
  })

  test('what was undone is not there, and its offsets are given out again', () => {
    const journal = new Journal(LARGE)
    journal.write([10, 10])
    journal.write([30_000, 10], false)
    journal.write([20], false)
    expect(frames(journal.kept())).toEqual(frames(journal.committed))
    journal.write([5, 5])
    journal.write([30_000, 10], false)
    expect(frames(journal.kept())).toEqual(frames(journal.committed))
    expect(journal.committed.at(-1)!.position!.offset).toBe(4)
  })

  test('lets go of the oldest by their number, and uses their pages again', () => {
    const journal = new Journal({ maxEvents: 1_000, maxBytes: 1_000_000_000 })
    let largest = 0
    for (let i = 0; i < 500; i++) {
      journal.write(Array(1 + (i % 20)).fill(150))
      largest = Math.max(largest, journal.kept().length)
    }
    const kept = journal.kept()
    expect(frames(kept)).toEqual(frames(journal.committed.slice(-kept.length)))
    // Whole pages are let go of: there is at most a page more than allowed, and at most a page less.
    const perPage = Math.ceil(BODY_BYTES / 190)
    expect(largest).toBeLessThanOrEqual(1_000 + perPage)
    expect(kept.length).toBeGreaterThanOrEqual(1_000 - 2 * perPage)
    expect(journal.pages).toBeLessThan(70)
  })

  test('lets go of the oldest by their bytes', () => {
    const journal = new Journal({ maxEvents: 1_000_000, maxBytes: 100_000 })
    for (let i = 0; i < 300; i++) journal.write([2_000, 2_000])
    const kept = journal.kept()
    expect(frames(kept)).toEqual(frames(journal.committed.slice(-kept.length)))
    expect(kept.length).toBeGreaterThan(40)
    expect(kept.length).toBeLessThanOrEqual(50)
    expect(journal.pages).toBeLessThanOrEqual(Math.ceil(100_000 / BODY_BYTES) + 2)
  })

  test('keeps the latest events of a batch that is larger than the history, and nothing from before it', () => {
    const journal = new Journal({ maxEvents: 10, maxBytes: 1_000_000 })
    journal.write([1, 1])
    journal.write(Array(25).fill(1))
    expect(frames(journal.kept())).toEqual(frames(journal.committed.slice(-10)))
    const small = new Journal({ maxEvents: 1_000, maxBytes: 10_000 })
    small.write([1])
    small.write([1, 20_000, 5])
    expect(frames(small.kept())).toEqual(frames(small.committed.slice(-1)))
    small.write([20_000])
    expect(small.kept()).toEqual([])
    small.write([5])
    expect(frames(small.kept())).toEqual(frames(small.committed.slice(-1)))
    expect(new JournalTable(small.database, LARGE).opened).toMatchObject({ newest: 6, floor: 5 })
  })

  test('without a history the newest offset and timestamp are kept all the same, in one page', () => {
    const journal = new Journal({ maxEvents: 0, maxBytes: 1_000 })
    for (let i = 0; i < 50; i++) journal.write([10, 100])
    expect(journal.kept()).toEqual([])
    expect(journal.pages).toBe(1)
    expect(new JournalTable(journal.database, LARGE).opened).toEqual({
      newest: 100,
      floor: 100,
      timestamp: journal.committed.at(-1)!.timestamp,
    })
    journal.reopen(LARGE)
    journal.write([1])
    expect(frames(journal.kept())).toEqual(frames(journal.committed.slice(-1)))
  })

  test('a store that cannot grow loses its history rather than the write', () => {
    const journal = new Journal(LARGE)
    journal.write(Array(20).fill(1_000))
    const size = Number(journal.database.prepare('PRAGMA page_count').get()?.['page_count'])
    journal.database.exec(`PRAGMA max_page_count=${size + 2}`)
    journal.write([50_000, 50_000])
    expect(journal.kept()).toEqual([])
    for (let i = 0; i < 10; i++) journal.write([1_000])
    const kept = journal.kept()
    expect(kept.length).toBeGreaterThan(0)
    expect(frames(kept)).toEqual(frames(journal.committed.slice(-kept.length)))
    journal.write([500_000], false)
    expect(frames(journal.kept())).toEqual(frames(kept))
  })

  test('whatever is written, undone and reopened: the latest events without a gap', () => {
    const limits = fc.record({
      maxEvents: fc.constantFrom(0, 3, 50, 100_000),
      maxBytes: fc.constantFrom(1, 3_000, 40_000, 1e9),
    })
    const size = fc.oneof({ weight: 9, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(30_000) })
    const step = fc.record({
      sizes: fc.array(size, { minLength: 1, maxLength: 30 }),
      end: fc.constantFrom('commit', 'commit', 'commit', 'undo', 'reopen', 'other limits'),
      other: limits,
    })
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 40 }), (first, steps) => {
        const journal = new Journal(first)
        for (const { sizes, end, other } of steps) {
          journal.write(sizes, end !== 'undo')
          if (end === 'reopen') journal.reopen()
          if (end === 'other limits') journal.reopen(other)
          const kept = journal.kept()
          expect(frames(kept)).toEqual(frames(kept.length === 0 ? [] : journal.committed.slice(-kept.length)))
          const { newest, floor } = new JournalTable(journal.database, LARGE).opened
          expect([newest, newest - floor]).toEqual([journal.committed.length, kept.length])
        }
      }),
      { numRuns: 60 },
    )
  })
})
