// A lane: the waiting jobs of one priority of one queue, which stand in the table in their order. In memory is a window of those that come
// next; whatever is behind it is read when its turn comes.
import type { JobTables, ReadLimits } from './job-tables.ts'
import type { StoredJob } from './job-row.ts'
import { LANE_POSITIONS } from './schema.ts'

/** Of each lane that is being consumed. */
export const LANE_WINDOW: ReadLimits = { rows: 128, characters: 256 * 1024 }

export class Lane {
  readonly number: number
  readonly priority: number
  /** Whether the table of lanes has it; until then everything that is written into it writes it as well. */
  isKnown: boolean
  readonly #tables: JobTables
  readonly #limits: ReadLimits
  /** Next position to be given to a job. */
  #next: number
  /** Position of the last job that is committed. */
  #last: number
  #window: StoredJob[] = []
  #at = 0
  #characters = 0
  /** Up to here everything is in the window, or was taken from it. */
  #readTo: number

  constructor(
    { number, priority, isKnown }: { readonly number: number; readonly priority: number; readonly isKnown: boolean },
    tables: JobTables,
    limits: ReadLimits = LANE_WINDOW,
  ) {
    this.number = number
    this.priority = priority
    this.isKnown = isKnown
    this.#tables = tables
    this.#limits = limits
    this.#readTo = number * LANE_POSITIONS - 1
    this.#last = (isKnown ? tables.lastPosition(number) : undefined) ?? this.#readTo
    this.#next = this.#last + 1
  }

  /** No job of the lane stands here or before. */
  get before(): number {
    return this.number * LANE_POSITIONS - 1
  }

  /** Up to here everything was given out by `take`, or passed over. */
  get takenTo(): number {
    return this.#at < this.#window.length ? this.#window[this.#at]!.place - 1 : this.#readTo
  }

  /** The position of a job that is about to be written. Undefined: all are used up; they begin anew when the lane is opened while it is empty. */
  assign(): number | undefined {
    return this.#next < (this.number + 1) * LANE_POSITIONS ? this.#next++ : undefined
  }

  /** A job is committed. @param keep whether jobs are being taken */
  added(stored: StoredJob, keep: boolean): void {
    const isNext = this.#readTo === this.#last
    this.#last = stored.place
    if (!keep || !isNext || this.#isFull()) return
    this.#readTo = stored.place
    this.#window.push(stored)
    this.#characters += stored.job.data.length
  }

  /** The next job; those for which `skips` are passed over. Undefined: there is none. */
  take(skips: (stored: StoredJob) => boolean): StoredJob | undefined {
    for (;;) {
      if (this.#at === this.#window.length && !this.#refill()) return undefined
      const stored = this.#window[this.#at++]!
      this.#characters -= stored.job.data.length
      if (!skips(stored)) return stored
    }
  }

  /** Begins at the first job again. */
  rewind(): void {
    this.#window = []
    this.#at = 0
    this.#characters = 0
    this.#readTo = this.number * LANE_POSITIONS - 1
  }

  #isFull(): boolean {
    return this.#window.length - this.#at >= this.#limits.rows || this.#characters >= this.#limits.characters
  }

  #refill(): boolean {
    this.#window = []
    this.#at = 0
    this.#characters = 0
    if (this.#readTo >= this.#last) return false
    this.#window = this.#tables.readWaiting(this.#readTo, this.number, this.priority, this.#limits)
    // What is committed and no longer there was taken out: nothing is left up to the last.
    this.#readTo = this.#window.at(-1)?.place ?? this.#last
    for (const { job } of this.#window) this.#characters += job.data.length
    return this.#window.length > 0
  }
}
