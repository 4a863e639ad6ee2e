// "Did you mean" for names that arrive in any number, from whoever is connected: what looking for a near one costs is bounded.
import { closestName, suggestion } from './closest-name.ts'
import { LetterCounts } from './letter-counts.ts'

/** Longest name that one is looked for. */
const MAX_LENGTH = 256
/** Names that are looked at for one; those behind them are not. */
export const MAX_CANDIDATES = 5_000
/** Names that one is looked for within a second; further ones get none. */
export const MAX_PER_SECOND = 10
const SECOND_MS = 1_000

export class Suggestions {
  readonly #now: () => number
  #since = -Infinity
  #left = 0

  /** @param now a clock in milliseconds. Default: one that is never set back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * ` Did you mean 'x'?` for a candidate that differs in a fifth of the name at most, and that `may` be named; else nothing.
   * `may` is asked of near ones alone.
   */
  for(name: string, candidates: Iterable<string>, may?: (candidate: string) => boolean): string {
    if (name.length > MAX_LENGTH || !this.#take()) return ''
    const { leastEdits } = new LetterCounts(name.toLowerCase())
    return suggestion(
      closestName(name, firstOf(candidates), { maxEdits: Math.floor(name.length / 5), may, leastEdits }),
    )
  }

  #take(): boolean {
    const now = this.#now()
    if (now - this.#since >= SECOND_MS) [this.#since, this.#left] = [now, MAX_PER_SECOND]
    if (this.#left === 0) return false
    this.#left--
    return true
  }
}

function* firstOf(candidates: Iterable<string>): Generator<string> {
  let left = MAX_CANDIDATES
  for (const candidate of candidates) {
    if (left-- === 0) return
    yield candidate
  }
}
