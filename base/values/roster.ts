// Things that come and go by the thousand, a few of them there at a time. A `Set` makes itself a new table every few dozen changes, and a table
// that has become old before it is thrown away keeps alive what stood in it, and through that the tables after it, until the next full
// garbage collection: half of all requests were still there (docs/decisions/2026-12-01-maps-of-calls.md). Here one array stays.

/** `Place`: name of the member in which an item keeps where it stands; -1 = nowhere. An item is in one roster by that member at most. */
export class Roster<Item extends Record<Place, number>, Place extends string> implements Iterable<Item> {
  readonly #place: Place
  readonly #items: Item[] = []

  constructor(place: Place) {
    this.#place = place
  }

  get size(): number {
    return this.#items.length
  }

  /** One that is in it already stays where it is. */
  add(item: Item): void {
    const members: Record<Place, number> = item
    if (members[this.#place] !== -1) return
    members[this.#place] = this.#items.length
    this.#items.push(item)
  }

  /** False when it was not in it. The last one takes its place. */
  delete(item: Item): boolean {
    const members: Record<Place, number> = item
    const at = members[this.#place]
    if (at === -1) return false
    members[this.#place] = -1
    const last = this.#items.pop()!
    if (last === item) return true
    ;(last as Record<Place, number>)[this.#place] = at
    this.#items[at] = last
    return true
  }

  clear(): void {
    for (const item of this) this.delete(item)
  }

  /** Those that are there now, in no order; others may come and go meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return [...this.#items].values()
  }
}
