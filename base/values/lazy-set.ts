// A set that takes no room until something is in it: a `Set` takes some 200 bytes, and most of ten thousand connections put nothing into theirs.

export class LazySet<Value> implements Iterable<Value> {
  #values: Set<Value> | undefined

  get size(): number {
    return this.#values?.size ?? 0
  }

  has(value: Value): boolean {
    return this.#values?.has(value) ?? false
  }

  add(value: Value): void {
    this.#values ??= new Set()
    this.#values.add(value)
  }

  /** True when it was in it. */
  delete(value: Value): boolean {
    const was = this.#values?.delete(value) ?? false
    if (was && this.#values?.size === 0) this.#values = undefined
    return was
  }

  clear(): void {
    this.#values = undefined
  }

  [Symbol.iterator](): Iterator<Value> {
    return (this.#values ?? NONE).values() as Iterator<Value>
  }
}

const NONE: ReadonlySet<never> = new Set()
