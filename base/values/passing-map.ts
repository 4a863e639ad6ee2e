// Things under whole numbers that come in any order and mostly go soon, as many as there may be. A `Map` makes itself a new table every few
// dozen changes, and each old table leads to the next: once one of them has become old before it is thrown away, what has gone through the
// later ones is kept until the next full garbage collection, and then it begins anew (docs/decisions/2026-12-01-maps-of-calls.md). Here the
// tables stay. Where numbers count up, `Numbered` is smaller; where order does not matter, `Roster` is.
import { randomInt } from 'node:crypto'

const LEAST_PLACES = 4
/** More are given back when the map is empty. */
const KEPT_PLACES = 1024
/** Odd, and of each process its own: who chooses numbers must not be able to find those that come to stand in one chain. */
const FACTOR = randomInt(2 ** 30) * 2 + 1

/** Keys are those of an `Int32Array`. */
export class PassingMap<Value extends object> {
  /** In the order in which they came, around the end; undefined = gone. Their number is a power of two. */
  #values: (Value | undefined)[] = []
  /**
   * Three for each place: the key of the value there; the next place in its chain; the first place in the chain whose number this is. Places
   * in chains count from 1, and 0 ends a chain.
   */
  #cells = new Int32Array(0)
  /** By how much the product of key and factor is shifted to be the number of a chain. */
  #shift = 0
  /** Number of the oldest value, and the one after that of the newest; `& mask` is where it stands. */
  #first = 0
  #end = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The oldest. */
  get first(): Value | undefined {
    return this.#size === 0 ? undefined : this.#values[this.#first & (this.#values.length - 1)]
  }

  get(key: number): Value | undefined {
    if (this.#size === 0) return undefined
    const cells = this.#cells
    let at = cells[this.#chainOf(key)]!
    while (at !== 0 && cells[3 * at - 3] !== key) at = cells[3 * at - 2]!
    return at === 0 ? undefined : this.#values[at - 1]
  }

  /** @param key one that is not there. */
  add(key: number, value: Value): void {
    if (this.#end - this.#first === this.#values.length) this.#makeRoom()
    this.#put(this.#end++, key, value)
    this.#size++
  }

  /** Returns what it was; undefined = nothing. */
  take(key: number): Value | undefined {
    if (this.#size === 0) return undefined
    const cells = this.#cells
    let link = this.#chainOf(key)
    let at = cells[link]!
    while (at !== 0 && cells[3 * at - 3] !== key) {
      link = 3 * at - 2
      at = cells[link]!
    }
    if (at === 0) return undefined
    cells[link] = cells[3 * at - 2]!
    const value = this.#values[at - 1]
    this.#values[at - 1] = undefined
    this.#size--
    this.#leaveFirst()
    return value
  }

  clear(): void {
    this.#values = []
    this.#cells = new Int32Array(0)
    this.#first = this.#end = this.#size = 0
  }

  /** Those that are there now, oldest first; others may come and go meanwhile. */
  [Symbol.iterator](): Iterator<Value> {
    const found: Value[] = []
    for (let number = this.#first; number < this.#end; number++) {
      const value = this.#values[number & (this.#values.length - 1)]
      if (value !== undefined) found.push(value)
    }
    return found.values()
  }

  /** The cell with the beginning of the chain in which the key stands, if it is there. */
  #chainOf(key: number): number {
    return 3 * (Math.imul(key, FACTOR) >>> this.#shift) + 2
  }

  #put(number: number, key: number, value: Value): void {
    const place = number & (this.#values.length - 1)
    const cells = this.#cells
    const chain = this.#chainOf(key)
    this.#values[place] = value
    cells[3 * place] = key
    cells[3 * place + 1] = cells[chain]!
    cells[chain] = place + 1
  }

  #leaveFirst(): void {
    const { length } = this.#values
    if (this.#size === 0) {
      this.#first = this.#end = 0
      if (length > KEPT_PLACES) this.clear()
      return
    }
    while (this.#values[this.#first & (length - 1)] === undefined) this.#first++
    if (this.#first < length) return
    this.#first -= length
    this.#end -= length
  }

  /** Closes up where half of the places are free, else takes twice as many. */
  #makeRoom(): void {
    const values = this.#values
    const cells = this.#cells
    const { length } = values
    if (this.#size * 2 >= length) this.#resize(Math.max(LEAST_PLACES, length * 2))
    else for (let chain = 2; chain < cells.length; chain += 3) cells[chain] = 0
    let end = this.#first
    for (let number = this.#first; number < this.#end; number++) {
      const place = number & (length - 1)
      const value = values[place]
      if (value === undefined) continue
      values[place] = undefined
      this.#put(end++, cells[3 * place]!, value)
    }
    this.#end = end
  }

  #resize(places: number): void {
    this.#values = Array.from({ length: places }, () => undefined)
    this.#cells = new Int32Array(3 * places)
    this.#shift = Math.clz32(places) + 1
  }
}
