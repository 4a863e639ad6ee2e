// One delivery of the Redis backend, with the slot that it occupies or has given up.
import type { Job } from '../../job.ts'
import type { Delivery } from '../backend.ts'
import type { StoredJob } from './job-record.ts'

export interface SlotOwner {
  /** Takes the slot back; false when too many are without one. */
  setAside(delivery: RedisDelivery): boolean
  /** A slot is wanted: `goOn` is called when there is one. */
  takeUp(delivery: RedisDelivery): void
}

export class RedisDelivery implements Delivery {
  readonly stored: StoredJob
  /** What the server knows this delivery by: an outcome counts as long as it has this token for the job. */
  readonly token: string
  /** What it has come to is on its way to the server; nothing else counts. */
  isOver = false
  readonly #owner: SlotOwner
  #slot: 'held' | 'aside' | 'wanted' = 'held'
  #hasEnded = false
  #resume: ((hasSlot: boolean) => void) | undefined
  #onEnded: (() => void) | undefined
  #lacksFunction = false

  constructor(stored: StoredJob, token: string, owner: SlotOwner) {
    this.stored = stored
    this.token = token
    this.#owner = owner
  }

  get job(): Job {
    return this.stored.job
  }

  get hasSlot(): boolean {
    return this.#slot === 'held'
  }

  get wantsSlot(): boolean {
    return this.#slot === 'wanted'
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Aside for lack of its function. */
  get lacksFunction(): boolean {
    return this.#lacksFunction
  }

  setAside(lacksFunction = false, onEnded?: () => void): boolean {
    this.#lacksFunction = lacksFunction
    this.#onEnded = onEnded
    if (this.#slot === 'held' && !this.#hasEnded && this.#owner.setAside(this)) this.#slot = 'aside'
    return this.#slot !== 'held'
  }

  /** Another engine had it, which lacked its function: it waits for a slot here. */
  adopt(): Promise<boolean> {
    this.#slot = 'aside'
    return this.takeUp()
  }

  async takeUp(): Promise<boolean> {
    this.#onEnded = undefined
    if (this.#hasEnded || this.#slot !== 'aside') return !this.#hasEnded
    this.#slot = 'wanted'
    return new Promise((resolve) => {
      this.#resume = resolve
      this.#owner.takeUp(this)
    })
  }

  /** It has a slot again. */
  goOn(): void {
    this.#slot = 'held'
    this.#resume?.(true)
  }

  /** The consumer takes no more, or another engine has it: whoever waits for a slot gets none, and whoever waits for something else need not. */
  end(): void {
    this.#hasEnded = true
    this.#onEnded?.()
    this.#resume?.(false)
  }
}
