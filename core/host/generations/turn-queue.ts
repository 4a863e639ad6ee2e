// Turns of changes. Each claims what it touches; those with a claim in common run one after the other, in the order in which they came,
// except that of several waiting wishes with one key only the newest is carried out. Turns that touch different things are begun one
// after the other too, as long as they are quick: one that takes longer, because of what a plugin does, holds up no other plugin's.
import type { Clock } from '../../../base/time/clock.ts'

/** What a turn touches: instances of plugins, by name, or whatever else only one turn at a time may. */
export type Claim = ReadonlySet<unknown>

/** Nothing else runs meanwhile. */
export const EVERYTHING: unique symbol = Symbol('everything')

/** Time for a turn before the next one, of other things, begins beside it: most are over by then. */
export const QUICK_MS = 200

interface Turn {
  readonly key: string
  claim: () => Claim
  run: () => Promise<unknown>
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

export class TurnQueue {
  readonly #clock: Clock
  #waiting: Turn[] = []
  readonly #running = new Map<Turn, Claim>()
  /** The one that began last, while it is quick. */
  #quick: Turn | undefined
  #idle: PromiseWithResolvers<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Runs `task` when it is its turn. A waiting task of the same key is replaced, and its caller gets this one's outcome.
   * @param claim asked when the turn may begin, as often as it then can't.
   */
  enqueue<Outcome>(key: string, claim: () => Claim, task: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#waiting.find((each) => each.key === key)
    if (known !== undefined) {
      known.claim = claim
      known.run = task
      return known.promise as Promise<Outcome>
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ key, claim, run: task, promise, resolve, reject })
    queueMicrotask(() => this.#next())
    return promise as Promise<Outcome>
  }

  /** A turn runs that touches it. */
  holds(thing: unknown): boolean {
    return [...this.#running.values()].some((taken) => taken.has(EVERYTHING) || taken.has(thing))
  }

  /** Fulfilled when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.length > 0) {
      this.#idle ??= Promise.withResolvers<void>()
      await this.#idle.promise
    }
  }

  #next(): void {
    while (this.#quick === undefined) {
      const index = this.#waiting.findIndex((each) => this.#isFree(each.claim()))
      const [turn] = index === -1 ? [] : this.#waiting.splice(index, 1)
      if (turn === undefined) break
      this.#begin(turn)
    }
    if (this.#running.size > 0 || this.#waiting.length > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #isFree(claim: Claim): boolean {
    if (this.#running.size === 0) return true
    if (claim.has(EVERYTHING)) return false
    return [...this.#running.values()].every((taken) => !taken.has(EVERYTHING) && taken.isDisjointFrom(claim))
  }

  #begin(turn: Turn): void {
    this.#running.set(turn, turn.claim())
    this.#quick = turn
    const notQuick = (): void => {
      if (this.#quick === turn) this.#quick = undefined
    }
    const cancel = this.#clock.after(QUICK_MS, () => {
      notQuick()
      this.#next()
    })
    const over = (): void => {
      cancel()
      notQuick()
      this.#running.delete(turn)
      this.#next()
    }
    turn.run().then(turn.resolve, turn.reject).finally(over)
  }
}
