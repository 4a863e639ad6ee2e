// Lines about what may happen once or a thousand times at once: a few of a kind are written one by one, the rest of the interval as one
// line with their number. While it goes on there is one line per interval.
import { systemClock, type Clock } from '../time/clock.ts'

export const NOTICES_EACH = 5

export interface CountedNoticesOptions {
  /** How many of a kind are written one by one in an interval. Default 5. */
  readonly each?: number
  /** Milliseconds. Default 1,000. */
  readonly intervalMs?: number
  readonly clock?: Clock
}

interface Kind {
  inInterval: number
  heldBack: number
  /** The interval before had more than were written: nothing is written one by one. */
  isFlood: boolean
  cancel: () => void
}

export class CountedNotices {
  readonly #each: number
  readonly #intervalMs: number
  readonly #clock: Clock
  /** Those of which an interval is running; the code names the kinds, so there are few. */
  readonly #kinds = new Map<string, Kind>()

  constructor({ each = NOTICES_EACH, intervalMs = 1_000, clock = systemClock }: CountedNoticesOptions = {}) {
    this.#each = each
    this.#intervalMs = intervalMs
    this.#clock = clock
  }

  /** @param rest writes the line about those that were not written one by one */
  add(kind: string, one: () => void, rest: (count: number) => void): void {
    const state = this.#kinds.get(kind) ?? this.#begin(kind, rest)
    state.inInterval++
    if (!state.isFlood && state.inInterval <= this.#each) one()
    else state.heldBack++
  }

  close(): void {
    for (const { cancel } of this.#kinds.values()) cancel()
    this.#kinds.clear()
  }

  #begin(kind: string, rest: (count: number) => void): Kind {
    const state: Kind = { inInterval: 0, heldBack: 0, isFlood: false, cancel: () => {} }
    const schedule = (): void => {
      state.cancel = this.#clock.after(this.#intervalMs, () => end())
    }
    const end = (): void => {
      const { heldBack } = state
      if (heldBack === 0) {
        this.#kinds.delete(kind)
        return
      }
      state.isFlood = true
      state.inInterval = state.heldBack = 0
      schedule()
      rest(heldBack)
    }
    schedule()
    this.#kinds.set(kind, state)
    return state
  }
}
