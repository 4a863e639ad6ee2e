// The adapter `kv`: locks of this process alone, in memory (spec 03 §7.4). A lock that outlived its process would only hold up
// the next one, so there is no file, whatever `store_method` says.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../base/time/clock.ts'
import type { LockBackend, RenewOutcome, TakeOutcome } from './lock-backend.ts'

export interface KvLockSettings {
  readonly lock_ttl_ms?: number | null
  readonly lock_index?: string | null
}

interface KvLock {
  readonly owner: string
  readonly expiresAt: number
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

  async take(jobId: string): Promise<TakeOutcome> {
    if (this.#holder(jobId) === 'other') return 'held'
    this.#put(jobId)
    return 'taken'
  }

  async renew(jobId: string): Promise<RenewOutcome> {
    const holder = this.#holder(jobId)
    if (holder === 'other') return 'lost'
    this.#put(jobId)
    return holder === 'this' ? 'kept' : 'retaken'
  }

  async free(jobId: string): Promise<void> {
    if (this.#table.get(this.#key(jobId))?.owner === this.#owner) this.#table.delete(this.#key(jobId))
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {
    for (const [key, { owner }] of this.#table) if (owner === this.#owner) this.#table.delete(key)
  }

  #holder(jobId: string): 'this' | 'other' | 'nobody' {
    const lock = this.#table.get(this.#key(jobId))
    if (lock === undefined || lock.expiresAt <= this.#clock.now()) return 'nobody'
    return lock.owner === this.#owner ? 'this' : 'other'
  }

  #put(jobId: string): void {
    this.#table.set(this.#key(jobId), { owner: this.#owner, expiresAt: this.#clock.now() + this.ttlMs })
  }

  #key(jobId: string): string {
    return `${this.#index}\0${jobId}`
  }
}
