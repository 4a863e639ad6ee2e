// Things under numbers that count up, most of which are gone before a thousand further ones have come. A `Map` keeps what has gone through
// it, as `Roster` tells; here the newest stand in an array that stays, and only those that outlive the window move to a map.

/** Numbers that the array has room for, less one. */
const MASK = 1023

/** The part of a `Map` that is needed of one. */
export interface NumberedTable<Value> extends Iterable<[number, Value]> {
  readonly size: number
  set(number: number, value: Value): unknown
  get(number: number): Value | undefined
  has(number: number): boolean
  delete(number: number): boolean
}

export class Numbered<Value extends object> implements NumberedTable<Value> {
  readonly #numbers: (number | undefined)[] = []
  readonly #values: (Value | undefined)[] = []
  readonly #older = new Map<number, Value>()
  #size = 0
  #latest = 0

  get size(): number {
    return this.#size
  }

  /** @param number an integer from 0 that is not there yet, usually one above the last. */
  set(number: number, value: Value): void {
    const at = number & MASK
    const other = this.#numbers[at]
    if (other !== undefined) this.#older.set(other, this.#values[at]!)
    this.#numbers[at] = this.#latest = number
    this.#values[at] = value
    this.#size++
  }

  get(number: number): Value | undefined {
    const at = number & MASK
    return this.#numbers[at] === number ? this.#values[at] : this.#older.get(number)
  }

  has(number: number): boolean {
    return this.#numbers[number & MASK] === number || this.#older.has(number)
  }

  /** False when it was not there. */
  delete(number: number): boolean {
    const at = number & MASK
    if (this.#numbers[at] === number) this.#numbers[at] = this.#values[at] = undefined
    else if (!this.#older.delete(number)) return false
    this.#size--
    return true
  }

  /** All that are there now, oldest first as long as numbers count up; others may come and go meanwhile. */
  [Symbol.iterator](): Iterator<[number, Value]> {
    const found = [...this.#older]
    for (let step = this.#latest + 1; step <= this.#latest + MASK + 1; step++) {
      const number = this.#numbers[step & MASK]
      if (number !== undefined) found.push([number, this.#values[step & MASK]!])
    }
    return found.values()
  }
}
