// Dead letters of the built-in backend: listed, put back into their queue, forgotten. Many at once go in steps, each of which is atomic.
import type { DeadLetter } from '../../job.ts'
import type { DeadLetterChoice, DeadLetterPage } from '../backend.ts'
import type { JobDatabase } from './job-database.ts'
import type { DeadRow, JobTables } from './job-tables.ts'
import type { QueueLine, Written } from './queue-line.ts'

/** Dead letters that are moved in one step. */
const STEP = 500

export class DeadLetters {
  readonly #store: JobDatabase
  readonly #tables: JobTables

  constructor(store: JobDatabase, tables: JobTables) {
    this.#store = store
    this.#tables = tables
  }

  list(line: QueueLine, { offset, limit, order }: DeadLetterPage): DeadLetter[] {
    return this.#tables.readDead(line.number, order, limit, offset).map(letterOf)
  }

  find(line: QueueLine, id: string): DeadLetter | undefined {
    const row = this.#tables.findDead(line.number, id)
    return row === undefined ? undefined : letterOf(row)
  }

  redrive(line: QueueLine, which: DeadLetterChoice): Promise<number> {
    return this.#steps(
      line,
      which,
      (rows) =>
        rows.map(({ number, job }) => {
          this.#tables.removeDead(number)
          return line.writeAgain({ ...job, attempts: 0, runAt: undefined })
        }),
      (written: readonly Written[]) => {
        line.deadLeft(written.length)
        for (const each of written) if ('added' in each) line.added(each)
      },
    )
  }

  discard(line: QueueLine, which: DeadLetterChoice): Promise<number> {
    return this.#steps(
      line,
      which,
      (rows) => {
        for (const { number } of rows) this.#tables.removeDead(number)
        return rows
      },
      (rows) => {
        line.deadLeft(rows.length)
        for (const { job } of rows) line.release(job)
      },
    )
  }

  async #steps<T>(
    line: QueueLine,
    which: DeadLetterChoice,
    change: (rows: readonly DeadRow[]) => readonly T[],
    committed: (changed: readonly T[]) => void,
  ): Promise<number> {
    const step = async (rows: () => readonly DeadRow[]): Promise<number> => {
      const changed = await this.#store.run(() => change(rows()), { atomic: true, committed })
      return changed.length
    }
    if (which !== 'all') {
      let count = 0
      const ids = [...new Set(which.ids)]
      for (let from = 0; from < ids.length; from += STEP) {
        count += await step(() => this.#byId(line, ids.slice(from, from + STEP)))
      }
      return count
    }
    // What fails again meanwhile gets a larger number, and stays.
    const last = this.#tables.readDead(line.number, 'newest', 1, 0)[0]?.number ?? 0
    let count = 0
    for (;;) {
      const changed = await step(() =>
        this.#tables.readDead(line.number, 'oldest', STEP, 0).filter(({ number }) => number <= last),
      )
      count += changed
      if (changed < STEP) return count
    }
  }

  #byId(line: QueueLine, ids: readonly string[]): DeadRow[] {
    const rows = ids.map((id) => this.#tables.findDead(line.number, id)).filter((row) => row !== undefined)
    return rows.sort((one, other) => one.number - other.number)
  }
}

function letterOf({ job }: DeadRow): DeadLetter {
  return {
    job,
    error: job.history.at(-1) ?? { at: 0, code: '', message: '' },
    sizeBytes: Buffer.byteLength(job.data),
  }
}
