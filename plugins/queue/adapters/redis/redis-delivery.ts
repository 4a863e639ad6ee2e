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
  #onLeft: (() => void) | undefined

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
    return this.#onLeft !== undefined
  }

  setAside(onLeft?: () => void): boolean {
    this.#onLeft = onLeft
    if (this.#slot === 'held' && !this.#hasEnded && this.#owner.setAside(this)) this.#slot = 'aside'
    return this.#slot !== 'held'
  }

  /** Another engine had it, which lacked its function: it waits for a slot here. */
  adopt(): Promise<boolean> {
    this.#slot = 'aside'
    return this.takeUp()
  }

  /** Another engine has it, which has its function. */
  leave(): void {
    this.end()
    this.#onLeft?.()
  }

  async takeUp(): Promise<boolean> {
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

  /** The consumer takes no more: whoever waits for a slot gets none. */
  end(): void {
    this.#hasEnded = true
    this.#resume?.(false)
  }
}
