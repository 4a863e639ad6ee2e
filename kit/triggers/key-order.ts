// The order of one binding's events per key while conditions decide: a later event of a key must not reach its handler before the
// earlier one's condition has decided. Other keys go on, also when a condition hangs: each key has only a share of the window.

interface KeyState<Event> {
  /** Events of the key that are in the window or wait for it. */
  active: number
  /** Those beyond the key's share, in order. */
  readonly held: Event[]
  /** Settles when the last event whose turn was taken has been decided. */
  tail: Promise<void>
}

export interface Turn {
  /** Resolves when every earlier event of the key is decided. */
  readonly come: Promise<void>
  /** To be called when this one is. */
  readonly done: () => void
}

export class KeyOrder<Event> {
  readonly #share: number
  readonly #keys = new Map<string, KeyState<Event>>()

  constructor(share: number) {
    this.#share = share
  }

  /** Whether an earlier event of the key is undecided. */
  isBusy(key: string): boolean {
    return this.#keys.has(key)
  }

  /** Whether the key has its share of the window: a further event must be held. */
  isFull(key: string): boolean {
    return (this.#keys.get(key)?.active ?? 0) >= this.#share
  }

  enter(key: string): void {
    const state = this.#keys.get(key)
    if (state === undefined) this.#keys.set(key, { active: 1, held: [], tail: Promise.resolve() })
    else state.active++
  }

  /** Keeps an event of a full key until `leave` gives it out. */
  hold(key: string, event: Event): void {
    this.#keys.get(key)!.held.push(event)
  }

  /** For an event that has entered; to be called in the order of the events. */
  takeTurn(key: string): Turn {
    const state = this.#keys.get(key)!
    const { promise, resolve } = Promise.withResolvers<void>()
    const come = state.tail
    state.tail = promise
    return { come, done: resolve }
  }

  /** An event that had entered is decided. Returns the held one that has entered in its place. */
  leave(key: string): Event | undefined {
    const state = this.#keys.get(key)!
    const next = state.held.shift()
    if (next !== undefined) return next
    state.active--
    if (state.active === 0) this.#keys.delete(key)
    return undefined
  }

  /** Lets in everything that is held: each key's in order. */
  releaseAll(): Event[] {
    const released: Event[] = []
    for (const state of this.#keys.values()) {
      state.active += state.held.length
      for (const event of state.held.splice(0)) released.push(event)
    }
    return released
  }

  /** Forgets what is held. */
  clear(): void {
    for (const state of this.#keys.values()) state.held.length = 0
  }
}
