// What is wanted of an instance and was refused, by who wants it. One ends when what it refused is in force or is wanted no more:
// that the configuration fits says nothing about the code, and the other way round.

export type StaleReason = 'build' | 'import' | 'start' | 'busy' | 'config'

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

  /** The newest, as listings show it. */
  get shown(): Stale | undefined {
    return [...this.#bySubject.values()].at(-1)
  }

  /** `since` is when the subject was refused first without being in force in between. */
  add(subject: RefusedSubject, reason: StaleReason, error: string, at: number): void {
    const since = this.#bySubject.get(subject)?.since ?? new Date(at).toISOString()
    this.#bySubject.delete(subject)
    this.#bySubject.set(subject, { since, reason, error })
  }

  /** True when there was one. */
  clear(subject: RefusedSubject): boolean {
    return this.#bySubject.delete(subject)
  }

  clearAll(): void {
    this.#bySubject.clear()
  }
}
