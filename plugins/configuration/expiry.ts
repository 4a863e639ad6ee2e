// Deletes an entry some time after the last trigger bound to its id is gone (spec 04 A.9.6). Off unless `ttl_seconds` is set.

export interface ExpiryOptions {
  /** 0 = never. Asked when a timer starts. */
  readonly ttlMs: () => number
  readonly onExpired: (configurationId: string) => void
}

export class Expiry {
  readonly #options: ExpiryOptions
  /** Bindings by the configuration id that they name. */
  readonly #bound = new Map<string, Set<string>>()
  readonly #idOfBinding = new Map<string, string>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: ExpiryOptions) {
    this.#options = options
  }

  /** A binding of all entries names none and does not count. */
  bound(bindingId: string, configurationId: string | undefined): void {
    const before = this.#idOfBinding.get(bindingId)
    if (before === configurationId) return
    this.unbound(bindingId)
    if (configurationId === undefined) return
    clearTimeout(this.#timers.get(configurationId))
    this.#timers.delete(configurationId)
    this.#idOfBinding.set(bindingId, configurationId)
    const bindings = this.#bound.get(configurationId) ?? new Set()
    this.#bound.set(configurationId, bindings.add(bindingId))
  }

  unbound(bindingId: string): void {
    const id = this.#idOfBinding.get(bindingId)
    if (id === undefined) return
    this.#idOfBinding.delete(bindingId)
    const bindings = this.#bound.get(id)
    bindings?.delete(bindingId)
    if (bindings === undefined || bindings.size > 0) return
    this.#bound.delete(id)
    const ttlMs = this.#options.ttlMs()
    if (ttlMs === 0) return
    const expire = (): void => {
      this.#timers.delete(id)
      this.#options.onExpired(id)
    }
    this.#timers.set(id, setTimeout(expire, ttlMs).unref())
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
