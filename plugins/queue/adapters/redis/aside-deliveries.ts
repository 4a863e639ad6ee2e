// Deliveries of one queue that have given up their slots, and the slots that they want back: asked for one after the other, so that they get them in the
// order in which they wanted them.
import { MAX_SET_ASIDE } from '../backend.ts'
import type { Key } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'
import type { RedisDelivery, SlotOwner } from './redis-delivery.ts'

export interface AsideOwner {
  concurrency(): number
  /** Slots that are occupied here. */
  running(): number
  /** A slot was given up here. */
  released(): void
  /** One was taken back. */
  taken(): void
  pumpSoon(): void
  wake(): void
  wakeIn(ms: number): void
}

export interface AsideDeps {
  readonly server: QueueServer
  readonly engine: string
}

/** Without being woken the server is asked again after this time. */
const ASK_MS = 5_000
/** What the server refuses is tried again after this time. */
const RETRY_MS = 1_000

export class AsideDeliveries implements SlotOwner {
  readonly #key: Key
  readonly #deps: AsideDeps
  readonly #owner: AsideOwner
  #count = 0
  #wishes: RedisDelivery[] = []
  #asking = false
  /** Since a slot was asked for the last time, one may have become free. */
  #hopes = true

  constructor(key: Key, deps: AsideDeps, owner: AsideOwner) {
    this.#key = key
    this.#deps = deps
    this.#owner = owner
  }

  /** How many more may be set aside. */
  get room(): number {
    return MAX_SET_ASIDE - this.#count
  }

  get wantsSlots(): boolean {
    return this.#wishes.length > 0
  }

  /** A slot may have become free. */
  hope(): void {
    this.#hopes = true
  }

  setAside(delivery: RedisDelivery): boolean {
    if (this.room <= 0) return false
    this.#count++
    this.send(delivery)
    this.#owner.released()
    return true
  }

  takeUp(delivery: RedisDelivery): void {
    this.#wishes.push(delivery)
    this.#owner.pumpSoon()
  }

  /** One that never had a slot here. */
  add(): void {
    this.#count++
  }

  /** It has come to something without its slot. */
  remove(delivery: RedisDelivery): void {
    this.#count--
    this.#wishes = this.#wishes.filter((other) => other !== delivery)
  }

  forgetWishes(): void {
    this.#wishes = []
  }

  send({ stored, token, lacksFunction }: RedisDelivery): void {
    // Without a connection it is told when there is one again.
    this.#deps.server.run('setAside', [this.#key], [stored.handle, token, lacksFunction ? 1 : 0]).catch(() => {})
  }

  askForSlots(): void {
    const delivery = this.#wishes[0]
    if (delivery === undefined || this.#asking || !this.#hopes) return
    const concurrency = this.#owner.concurrency()
    if (this.#owner.running() >= concurrency) return
    this.#asking = true
    this.#hopes = false
    const args = [delivery.stored.handle, delivery.token, concurrency, this.#deps.engine]
    this.#deps.server.run('takeUp', [this.#key], args).then(
      (reply) => this.#answered(delivery, reply as number),
      () => {
        this.#asking = false
        this.#owner.wakeIn(RETRY_MS)
      },
    )
  }

  #answered(delivery: RedisDelivery, reply: number): void {
    this.#asking = false
    if (this.#wishes[0] !== delivery) return this.#owner.wake()
    // Woken when there is one.
    if (reply === 0) return this.#hopes ? this.#owner.pumpSoon() : this.#owner.wakeIn(ASK_MS)
    this.#wishes.shift()
    if (reply === 1) {
      this.#count--
      this.#owner.taken()
      delivery.goOn()
    } else delivery.end()
    this.#owner.wake()
  }
}
