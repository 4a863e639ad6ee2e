// The rows of a table that were used lately, so that overwriting one needs no look-up before it. Only for a database that nobody
// else writes: what is not in step with it after a rollback is forgotten as a whole.

export interface CachedRow {
  readonly seq: number
  readonly value: string
}

/** Characters kept at most, keys and values together: about 16 MiB of ASCII. */
const MAX_CHARACTERS = 16 * 1024 * 1024
/** A larger value would push out a hundred small ones. */
const MAX_VALUE = 64 * 1024

export class RowCache {
  readonly #rows = new Map<string, CachedRow>()
  readonly #maxCharacters: number
  #characters = 0

  constructor(maxCharacters: number = MAX_CHARACTERS) {
    this.#maxCharacters = maxCharacters
  }

  get size(): number {
    return this.#rows.size
  }

  get(name: string): CachedRow | undefined {
    return this.#rows.get(name)
  }

  /** To be called once the row stands in the database like this. */
  set(name: string, row: CachedRow): void {
    const known = this.#rows.get(name)
    if (known !== undefined) this.#characters -= cost(name, known)
    if (row.value.length > MAX_VALUE) {
      this.#rows.delete(name)
      return
    }
    this.#rows.set(name, row)
    this.#characters += cost(name, row)
    if (this.#characters > this.#maxCharacters) this.#dropOldest()
  }

  delete(name: string): void {
    const known = this.#rows.get(name)
    if (known === undefined) return
    this.#characters -= cost(name, known)
    this.#rows.delete(name)
  }

  clear(): void {
    this.#rows.clear()
    this.#characters = 0
  }

  /** Down to three quarters, so that a full cache is not swept for each new row. */
  #dropOldest(): void {
    for (const [name, row] of this.#rows) {
      if (this.#characters <= this.#maxCharacters * 0.75) return
      this.#rows.delete(name)
      this.#characters -= cost(name, row)
    }
  }
}

function cost(name: string, { value }: CachedRow): number {
  return name.length + value.length
}
