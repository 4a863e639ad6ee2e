// The adapter `kv`: locks of this process alone, in memory (spec 03 §7.4). A lock that outlived its process would only hold up
// the next one, so there is no file, whatever `store_method` says. A lock runs out by a timer, not by the clock on the wall: that may
// be set, and what was taken while it was ahead would hold for as long.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../base/time/clock.ts'
import type { LockBackend, LockedJob, RenewOutcome, TakeOutcome } from './lock-backend.ts'

export interface KvLockSettings {
  readonly lock_ttl_ms?: number | null
  readonly lock_index?: string | null
}

interface KvLock {
  readonly owner: string
  readonly cancelExpiry: () => void
}

/** Locks by index and job. One for all `kv` adapters of a process: that is what they are for. */
export type KvLockTable = Map<string, KvLock>

const PROCESS_LOCKS: KvLockTable = new Map()

export const KV_DEFAULTS = { lock_ttl_ms: 30_000, lock_index: 'cron_locks' } as const

export class KvLocks implements LockBackend {
  readonly name = 'kv'
  readonly ttlMs: number
  readonly #index: string
  readonly #clock: Clock
  readonly #table: KvLockTable
  readonly #owner = randomUUID()

  constructor({ lock_ttl_ms, lock_index }: KvLockSettings, clock: Clock, table: KvLockTable = PROCESS_LOCKS) {
    this.ttlMs = lock_ttl_ms ?? KV_DEFAULTS.lock_ttl_ms
    this.#index = lock_index ?? KV_DEFAULTS.lock_index
    this.#clock = clock
    this.#table = table
  }

  async take({ id }: LockedJob): Promise<TakeOutcome> {
    if (this.#holder(id) === 'other') return 'held'
    this.#put(id)
    return 'taken'
  }

  async renew({ id }: LockedJob): Promise<RenewOutcome> {
    const holder = this.#holder(id)
    if (holder === 'other') return 'lost'
    this.#put(id)
    return holder === 'this' ? 'kept' : 'retaken'
  }

  async free({ id }: LockedJob): Promise<void> {
    if (this.#holder(id) === 'this') this.#drop(this.#key(id))
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {
    for (const [key, { owner }] of this.#table) if (owner === this.#owner) this.#drop(key)
  }

  #holder(jobId: string): 'this' | 'other' | 'nobody' {
    const lock = this.#table.get(this.#key(jobId))
    if (lock === undefined) return 'nobody'
    return lock.owner === this.#owner ? 'this' : 'other'
  }

  #put(jobId: string): void {
    const key = this.#key(jobId)
    this.#drop(key)
    const cancelExpiry = this.#clock.after(this.ttlMs, () => void this.#table.delete(key))
    this.#table.set(key, { owner: this.#owner, cancelExpiry })
  }

  #drop(key: string): void {
    this.#table.get(key)?.cancelExpiry()
    this.#table.delete(key)
  }

  #key(jobId: string): string {
    return `${this.#index}\0${jobId}`
  }
}
