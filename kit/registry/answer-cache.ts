// Answers of a remote registry, given again for a while, by what was asked (spec 05 A.1 `registry_cache_ttl_ms`). Whoever asks while an
// answer is on its way gets the same one. Failures are not kept.

export const MAX_CACHED_ANSWERS = 256
/** Of the JSON texts of all answers that are kept. */
export const MAX_CACHED_CHARACTERS = 16 * 1024 * 1024

interface Kept {
  readonly value: unknown
  readonly size: number
  readonly until: number
}

export interface AnswerCacheDeps {
  readonly ttlMs: number
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number
}

export class AnswerCache {
  readonly #deps: AnswerCacheDeps
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>()
  readonly #underWay = new Map<string, Promise<unknown>>()
  #size = 0

  constructor(deps: AnswerCacheDeps) {
    this.#deps = deps
  }

  get(key: string, ask: () => Promise<{ readonly value: unknown; readonly size: number }>): Promise<unknown> {
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > this.#deps.now()) return Promise.resolve(kept.value)
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) return underWay
    const asked = this.#ask(key, ask).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, asked)
    return asked
  }

  async #ask(key: string, ask: () => Promise<{ readonly value: unknown; readonly size: number }>): Promise<unknown> {
    const { value, size } = await ask()
    if (this.#deps.ttlMs > 0) this.#keep(key, { value, size, until: this.#deps.now() + this.#deps.ttlMs })
    return value
  }

  #keep(key: string, kept: Kept): void {
    this.#drop(key)
    this.#kept.set(key, kept)
    this.#size += kept.size
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_CACHED_ANSWERS && this.#size <= MAX_CACHED_CHARACTERS) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0
    this.#kept.delete(key)
  }
}
