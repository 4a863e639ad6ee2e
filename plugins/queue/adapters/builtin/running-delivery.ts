// One delivery of the built-in backend, as its consumer sees it, with the slot that it occupies or has given up.
import type { Job } from '../../job.ts'
import type { Delivery } from '../backend.ts'
import type { StoredJob } from './job-row.ts'

export interface SlotOwner {
  /** Takes the slot back; false when too many are without one. */
  setAside(): boolean
  /** A slot is wanted: `goOn` is called when there is one. */
  takeUp(): void
}

export class RunningDelivery implements Delivery {
  readonly stored: StoredJob
  readonly #owner: SlotOwner
  #slot: 'held' | 'aside' = 'held'
  #hasEnded = false
  #resume: ((hasSlot: boolean) => void) | undefined
  #onEnded: (() => void) | undefined

  constructor(stored: StoredJob, owner: SlotOwner) {
    this.stored = stored
    this.#owner = owner
  }

  get job(): Job {
    return this.stored.job
  }

  get isAside(): boolean {
    return this.#slot === 'aside'
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  setAside(_lacksFunction?: boolean, onEnded?: () => void): boolean {
    this.#onEnded = onEnded
    if (this.#slot === 'held' && !this.#hasEnded && this.#owner.setAside()) this.#slot = 'aside'
    return this.#slot === 'aside'
  }

  async takeUp(): Promise<boolean> {
    this.#onEnded = undefined
    if (this.#hasEnded || this.#slot === 'held') return !this.#hasEnded
    return new Promise((resolve) => {
      this.#resume = resolve
      this.#owner.takeUp()
    })
  }

  /** It has a slot again. */
  goOn(): void {
    this.#slot = 'held'
    this.#resume?.(true)
  }

  /** The consumer takes no more: whoever waits for a slot gets none, and whoever waits for something else need not. */
  end(): void {
    this.#hasEnded = true
    this.#onEnded?.()
    this.#resume?.(false)
  }
}
