// One timer for all jobs: tells each when its second has come, by the clock on the wall, whatever timers and clock do.
// Which second that is, and what happens then, is the job's business (`job.ts`).
import type { Clock } from '../../base/time/clock.ts'
import { type DueEntry, DueHeap } from './due-heap.ts'

export interface Scheduled extends DueEntry {
  /** Its second has come, or has been passed. It is not scheduled any more; it may schedule itself again, later than `now`. */
  due(now: number): void
  /** The clock was set back: what it is scheduled for may no longer be what comes next. */
  clockSetBack(now: number): void
}

/** The clock is read at least this often, so that a clock that was set is noticed. Far below the 2³¹−1 ms that a timer takes. */
export const LONGEST_WAIT_MS = 60_000
/** Set back by less, no second of a job comes a second time. */
const SET_BACK_MS = 1_000

export class Scheduler {
  readonly #clock: Clock
  readonly #heap = new DueHeap<Scheduled>()
  #cancelTimer: (() => void) | undefined
  #timerFor = Infinity
  #lastRead: number
  #stopped = false
  #waking = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastRead = clock.now()
  }

  get size(): number {
    return this.#heap.size
  }

  /** Schedules, or moves, an entry to a second; one that has passed already is due in the next turn of the event loop. */
  schedule(entry: Scheduled, second: number): void {
    if (this.#stopped) return
    this.#heap.put(entry, second)
    this.#arm()
  }

  cancel(entry: Scheduled): void {
    this.#heap.remove(entry)
    // A timer that is too early costs one look at the clock.
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #arm(): void {
    const { first } = this.#heap
    // While the due ones are told the heap is on the move: the timer is set once, at the end.
    if (first === undefined || this.#stopped || this.#waking) return
    if (this.#cancelTimer !== undefined && this.#timerFor <= first.dueAt) return
    this.#cancelTimer?.()
    const wait = first.dueAt * 1_000 - this.#clock.now()
    this.#timerFor = first.dueAt
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.min(wait, LONGEST_WAIT_MS)), this.#wake)
  }

  readonly #wake = (): void => {
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    this.#waking = true
    if (now < this.#lastRead - SET_BACK_MS) for (const entry of [...this.#heap]) entry.clockSetBack(now)
    this.#lastRead = now
    // Each that is due is told once: what it schedules in `due` comes after `now`.
    for (let { first } = this.#heap; first !== undefined && first.dueAt * 1_000 <= now; { first } = this.#heap) {
      this.#heap.remove(first)
      first.due(now)
    }
    this.#waking = false
    // Timers may fire up to a millisecond early: then nothing was due, and the rest of the time is waited.
    this.#arm()
  }
}
