// A map that takes no room until something is in it, as LazySet. It keeps the room then: what comes and goes in it does so often.

export class LazyMap<Key, Value> implements Iterable<[Key, Value]> {
  #entries: Map<Key, Value> | undefined

  get size(): number {
    return this.#entries?.size ?? 0
  }

  has(key: Key): boolean {
    return this.#entries?.has(key) ?? false
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key)
  }

  set(key: Key, value: Value): void {
    this.#entries ??= new Map()
    this.#entries.set(key, value)
  }

  /** True when it was in it. */
  delete(key: Key): boolean {
    return this.#entries?.delete(key) ?? false
  }

  clear(): void {
    this.#entries = undefined
  }

  keys(): MapIterator<Key> {
    return (this.#entries ?? none<Key, Value>()).keys()
  }

  values(): MapIterator<Value> {
    return (this.#entries ?? none<Key, Value>()).values()
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return (this.#entries ?? none<Key, Value>()).entries()
  }
}

const NONE: ReadonlyMap<never, never> = new Map<never, never>()

function none<Key, Value>(): ReadonlyMap<Key, Value> {
  return NONE as ReadonlyMap<Key, Value>
}
