// The rows of a table that were used lately, so that overwriting one needs no look-up before it. Only for a database that nobody
// else writes: what is not in step with it after a rollback is forgotten as a whole.

/** A row as it stands in the database. */
export interface CachedRow {
  readonly seq: number
  readonly value: string
}

interface Row extends CachedRow {
  value: string
  /** Whether the cache has it; one that is too large or was dropped is only what somebody looks at. */
  isHeld: boolean
}

type Rows = Map<string, Row>

/** Characters kept at most, keys and values together, with what the maps need: about 16 MiB of ASCII. */
const MAX_CHARACTERS = 16 * 1024 * 1024
/** A larger value would push out a hundred small ones. */
const MAX_VALUE = 64 * 1024
/** What a row, and a scope with its map, take beside their texts, so that many small ones are bounded too. */
const ROW_CHARACTERS = 64
const SCOPE_CHARACTERS = 256

/** By scope and key, in maps of maps: one name made of both would be put together, hashed and kept by V8 for each look-up. */
export class RowCache {
  readonly #scopes = new Map<string, Rows>()
  readonly #maxCharacters: number
  #characters = 0
  /** Looked up last: many writes in a row are often of one scope. */
  #lastScope = ''
  #lastRows: Rows | undefined

  constructor(maxCharacters: number = MAX_CHARACTERS) {
    this.#maxCharacters = maxCharacters
  }

  get size(): number {
    let size = 0
    for (const rows of this.#scopes.values()) size += rows.size
    return size
  }

  get(scope: string, key: string): CachedRow | undefined {
    return this.#rowsOf(scope)?.get(key)
  }

  /** To be called once the row stands in the database like this, and is not cached. */
  add(scope: string, key: string, seq: number, value: string): CachedRow {
    const row = { seq, value, isHeld: value.length <= MAX_VALUE }
    if (!row.isHeld) return row
    let rows = this.#rowsOf(scope)
    if (rows === undefined) {
      rows = new Map()
      this.#scopes.set(scope, rows)
      this.#lastScope = scope
      this.#lastRows = rows
      this.#characters += SCOPE_CHARACTERS + scope.length
    }
    rows.set(key, row)
    this.#count(ROW_CHARACTERS + key.length + value.length)
    return row
  }

  /** To be called once a row that `get` or `add` has given stands in the database with this value; changes the row in place. */
  overwrite(scope: string, key: string, given: CachedRow, value: string): void {
    const row = given as Row
    if (!row.isHeld) this.add(scope, key, row.seq, value)
    else if (value.length > MAX_VALUE) this.delete(scope, key)
    else {
      const before = row.value.length
      row.value = value
      this.#count(value.length - before)
    }
  }

  delete(scope: string, key: string): void {
    const rows = this.#rowsOf(scope)
    const known = rows?.get(key)
    if (known !== undefined) this.#drop(scope, rows!, key, known)
  }

  clear(): void {
    this.#scopes.clear()
    this.#lastRows = undefined
    this.#characters = 0
  }

  #rowsOf(scope: string): Rows | undefined {
    if (this.#lastRows !== undefined && scope === this.#lastScope) return this.#lastRows
    const rows = this.#scopes.get(scope)
    if (rows !== undefined) {
      this.#lastScope = scope
      this.#lastRows = rows
    }
    return rows
  }

  #count(characters: number): void {
    this.#characters += characters
    if (this.#characters > this.#maxCharacters) this.#dropOldest()
  }

  /**
   * Down to three quarters, so that a full cache is not swept for each new row: the oldest rows of the oldest scope first. One that is still
   * in use comes back as the newest.
   */
  #dropOldest(): void {
    for (const [scope, rows] of this.#scopes) {
      for (const [key, row] of rows) {
        if (this.#characters <= this.#maxCharacters * 0.75) return
        this.#drop(scope, rows, key, row)
      }
    }
  }

  #drop(scope: string, rows: Rows, key: string, row: Row): void {
    rows.delete(key)
    row.isHeld = false
    this.#characters -= ROW_CHARACTERS + key.length + row.value.length
    if (rows.size > 0) return
    this.#scopes.delete(scope)
    this.#characters -= SCOPE_CHARACTERS + scope.length
    if (this.#lastRows === rows) this.#lastRows = undefined
  }
}
