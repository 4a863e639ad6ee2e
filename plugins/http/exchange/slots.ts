// How many requests are worked on at a time (spec 06 A.2). Further ones wait in the order in which they came.

export interface SlotWaiter {
  /** It has a slot now, which it gives back by `release`. */
  granted(): void
}

export interface SlotLimits {
  readonly atOnce: number
  readonly waiting: number
}

/** What `take` says: the slot is there, it is waited for, or too many wait already. */
export type Taken = 'granted' | 'waiting' | 'full'

export class Slots {
  #limits: SlotLimits
  #taken = 0
  readonly #waiting = new Set<SlotWaiter>()

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  get taken(): number {
    return this.#taken
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Other limits from now on. Who has a slot keeps it. */
  change(limits: SlotLimits): void {
    this.#limits = limits
    this.#grant()
  }

  take(waiter: SlotWaiter): Taken {
    const { atOnce, waiting } = this.#limits
    if (this.#taken < atOnce) {
      this.#taken++
      return 'granted'
    }
    if (this.#waiting.size >= waiting) return 'full'
    this.#waiting.add(waiter)
    return 'waiting'
  }

  /** For one that waits no more. */
  leave(waiter: SlotWaiter): void {
    this.#waiting.delete(waiter)
  }

  release(): void {
    this.#taken--
    this.#grant()
  }

  #grant(): void {
    for (const waiter of this.#waiting) {
      if (this.#taken >= this.#limits.atOnce) return
      this.#waiting.delete(waiter)
      this.#taken++
      waiter.granted()
    }
  }
}
