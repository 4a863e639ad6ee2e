// Many events told as one: after a silence, or, where they never pause, after a longest time all the same.
import type { Clock } from './clock.ts'

/** What `Burst` is given. */
export interface BurstDeps {
  readonly clock: Clock
  /** The burst is over. */
  readonly onEnd: () => void
  /** Milliseconds from its first event to its end at most. Default: its end is put off `MAX_POSTPONEMENTS` times. */
  readonly longestMs?: number
}

/** How often the end of one burst is put off at most, where no longest time is said. */
export const MAX_POSTPONEMENTS = 10

/** Tells many events as one, after a silence. */
export class Burst {
  readonly #deps: BurstDeps
  readonly #quietMs: number
  #cancel: (() => void) | undefined
  #postponements = 0
  #began = 0
  #closed = false

  /** @param quietMs silence that ends a burst */
  constructor(quietMs: number, deps: BurstDeps) {
    this.#quietMs = quietMs
    this.#deps = deps
  }

  /** One more event: begins a burst, or puts off its end. */
  add(): void {
    if (this.#closed) return
    if (this.#cancel === undefined) this.#began = this.#deps.clock.passed()
    else {
      if (!this.#mayBePutOff) return
      this.#postponements++
      this.#cancel()
    }
    this.#cancel = this.#deps.clock.after(this.#quietMs, () => this.#end())
  }

  /** A burst that is under way is never told. */
  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  get #mayBePutOff(): boolean {
    const { clock, longestMs } = this.#deps
    if (longestMs === undefined) return this.#postponements < MAX_POSTPONEMENTS
    return clock.passed() - this.#began + this.#quietMs <= longestMs
  }

  #end(): void {
    this.#cancel = undefined
    this.#postponements = 0
    if (!this.#closed) this.#deps.onEnd()
  }
}
