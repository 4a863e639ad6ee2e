// Finds the bindings that an event may concern without looking at all of them: those that name what the event is about (a scope, a
// stream), and those that name nothing and are asked about every event. In order of registration.

export interface Indexed {
  /** Place in the order of registration. */
  readonly order: number
}

const NONE: ReadonlySet<never> = new Set()

export class BindingIndex<Entry extends Indexed> {
  /** In order. */
  readonly #named = new Map<string, Set<Entry>>()
  readonly #unnamed = new Set<Entry>()

  /** @param name undefined = any */
  add(name: string | undefined, entry: Entry): void {
    const entries = name === undefined ? this.#unnamed : (this.#named.get(name) ?? new Set())
    if (name !== undefined) this.#named.set(name, entries)
    entries.add(entry)
  }

  /** An entry that was known under another name keeps its place. */
  move(from: string | undefined, to: string | undefined, entry: Entry): void {
    if (from === to) return
    this.remove(from, entry)
    this.add(to, entry)
    const entries = this.#list(to)
    const inOrder = [...entries].sort((one, other) => one.order - other.order)
    entries.clear()
    for (const each of inOrder) entries.add(each)
  }

  remove(name: string | undefined, entry: Entry): void {
    const entries = this.#list(name)
    entries.delete(entry)
    if (name !== undefined && entries.size === 0) this.#named.delete(name)
  }

  /** What names this, and what names nothing. */
  candidates(name: string): Iterable<Entry> {
    const named = this.#named.get(name) ?? NONE
    if (this.#unnamed.size === 0) return named
    return named.size === 0 ? this.#unnamed : merged(named, this.#unnamed)
  }

  #list(name: string | undefined): Set<Entry> {
    return name === undefined ? this.#unnamed : (this.#named.get(name) ?? new Set())
  }
}

/** Two lists in order as one. */
function* merged<Entry extends Indexed>(one: Iterable<Entry>, other: Iterable<Entry>): Generator<Entry> {
  const rest = other[Symbol.iterator]()
  let next = rest.next()
  for (const entry of one) {
    for (; next.done !== true && next.value.order < entry.order; next = rest.next()) yield next.value
    yield entry
  }
  for (; next.done !== true; next = rest.next()) yield next.value
}
