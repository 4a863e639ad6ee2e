// What is wanted of an instance and was refused, by who wants it. One ends when what it refused is in force or is wanted no more:
// that the configuration fits says nothing about the code, and the other way round.

/** `held_up`: nothing is wrong with it, but with another one that was changed together with it. */
export type StaleReason = 'build' | 'import' | 'start' | 'busy' | 'config' | 'held_up'

export interface Stale {
  readonly since: string
  readonly reason: StaleReason
  readonly error: string
}

/** `code`: the files on disk. `configuration`: the entry in a configuration that is not in force. */
export type RefusedSubject = 'code' | 'configuration'

export class Refusals {
  readonly #bySubject = new Map<RefusedSubject, Stale>()

  has(subject: RefusedSubject): boolean {
    return this.#bySubject.has(subject)
  }

  /** The newest that is its own, as listings show it; else that it is held up. */
  get shown(): Stale | undefined {
    const all = [...this.#bySubject.values()]
    return all.findLast(({ reason }) => reason !== 'held_up') ?? all.at(-1)
  }

  /**
   * `since` is when the subject was refused first without being in force in between.
   * @returns false when it was refused for the same reason already.
   */
  add(subject: RefusedSubject, reason: StaleReason, error: string, at: number): boolean {
    const before = this.#bySubject.get(subject)
    const since = before?.since ?? new Date(at).toISOString()
    this.#bySubject.delete(subject)
    this.#bySubject.set(subject, { since, reason, error })
    return before?.reason !== reason || before.error !== error
  }

  /** True when there was one. */
  clear(subject: RefusedSubject): boolean {
    return this.#bySubject.delete(subject)
  }

  clearAll(): void {
    this.#bySubject.clear()
  }
}
