// Entries by the second at which they are due, the earliest first: a binary heap whose entries know their place in it.

export interface DueEntry {
  /** Seconds since the epoch. */
  dueAt: number
  /** Place in the heap; −1 = not in it. Kept by the heap alone. */
  heapIndex: number
}

export class DueHeap<Entry extends DueEntry> {
  readonly #entries: Entry[] = []

  get size(): number {
    return this.#entries.length
  }

  get first(): Entry | undefined {
    return this.#entries[0]
  }

  *[Symbol.iterator](): Iterator<Entry> {
    yield* this.#entries
  }

  /** Adds the entry, or moves it to its new time. */
  put(entry: Entry, dueAt: number): void {
    entry.dueAt = dueAt
    if (entry.heapIndex < 0) {
      entry.heapIndex = this.#entries.length
      this.#entries.push(entry)
    }
    this.#settle(entry)
  }

  remove(entry: Entry): void {
    const index = entry.heapIndex
    if (index < 0) return
    entry.heapIndex = -1
    const last = this.#entries.pop()
    if (last === undefined || last === entry) return
    this.#place(last, index)
    this.#settle(last)
  }

  #settle(entry: Entry): void {
    let index = entry.heapIndex
    for (;;) {
      const parent = (index - 1) >> 1
      const above = index > 0 ? this.#entries[parent] : undefined
      if (above === undefined || above.dueAt <= entry.dueAt) break
      this.#place(above, index)
      index = parent
    }
    for (;;) {
      const left = this.#entries[2 * index + 1]
      const right = this.#entries[2 * index + 2]
      const child = right !== undefined && left !== undefined && right.dueAt < left.dueAt ? right : left
      if (child === undefined || child.dueAt >= entry.dueAt) break
      const place = child.heapIndex
      this.#place(child, index)
      index = place
    }
    this.#place(entry, index)
  }

  #place(entry: Entry, index: number): void {
    this.#entries[index] = entry
    entry.heapIndex = index
  }
}
