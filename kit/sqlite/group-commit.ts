// Group commit: operations queued during one turn of the event loop run in one transaction, and are answered after its
// commit, reads too, so that nobody sees or is told what a crash could take back. One fsync serves the whole batch.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { DatabaseSync } from 'node:sqlite'
import { CodedError } from '../../protocol/errors.ts'
import { CommitPause } from './commit-pause.ts'
import { DiskSync } from './disk-sync.ts'
import { concernsOneStatement } from './store-error.ts'

/** Operations and bytes of a transaction, and of what waits for one. */
export interface GroupCommitLimits {
  /** Operations per transaction. Default 1,024. */
  readonly maxBatchOperations: number
  /** Bytes, as estimated by the callers, per transaction; a single larger operation has one of its own. Default 8 MiB. */
  readonly maxBatchBytes: number
  /** Operations that may wait; beyond it `run` rejects with `overloaded`. Default 100,000. */
  readonly maxWaitingOperations: number
  /** Bytes that may wait; beyond it `run` rejects with `overloaded`. Default 128 MiB. */
  readonly maxWaitingBytes: number
}

export const GROUP_COMMIT_DEFAULTS: GroupCommitLimits = {
  maxBatchOperations: 1_024,
  maxBatchBytes: 8 * 1024 * 1024,
  maxWaitingOperations: 100_000,
  maxWaitingBytes: 128 * 1024 * 1024,
}

/** What an operation tells of itself: size, savepoint, what to call after the commit. */
export interface RunOptions<T> {
  /** Size of what the operation writes, for the limits. Default 0. */
  readonly bytes?: number
  /**
   * The operation writes more than once, or may throw after a write: it gets a savepoint, so that its own failure takes back
   * its own effects. Without it an operation that throws must not have written before.
   */
  readonly atomic?: boolean
  /**
   * It need not be on the disk when it is answered: a loss of power within `LAZY_MS` may take it back, the end of the process can not. In a
   * batch with others it is as durable as they are. Default false.
   */
  readonly lazy?: boolean
  /** How long it may wait for others to share a commit with, in milliseconds. Default 0: until the end of the turn. */
  readonly withinMs?: number
  /** Called right after the commit, in the order of the operations of all batches, before the promise resolves. Not when it failed. */
  readonly committed?: (result: T) => void
}

interface Waiting {
  readonly operation: () => unknown
  readonly bytes: number
  readonly atomic: boolean
  readonly lazy: boolean
  readonly committed: ((result: never) => void) | undefined
  readonly resolve: (result: never) => void
  readonly reject: (reason: unknown) => void
  result: unknown
  failed: boolean
}

/** Follows whole batches: for what is written once per batch on behalf of all its operations, such as a journal. */
export interface BatchListener {
  /** After the last operation, inside the transaction. What it writes stands or falls with the batch; throwing fails it. */
  beforeCommit(): void
  /** The batch is on the disk; none of its operations has been answered yet. */
  committed(): void
  /** The whole batch was undone. An operation that fails alone does not lead here. */
  rolledBack(): void
}

export interface GroupCommitOptions {
  readonly limits?: Partial<GroupCommitLimits> | undefined
  /** Turns a failed transaction's cause into what its operations reject with. */
  readonly describe: (cause: unknown) => Error
  /** Told when what operations wrote was undone: nothing remembered of it holds any more. */
  readonly onRolledBack?: (() => void) | undefined
  readonly batch?: BatchListener | undefined
  /** Told when a `committed` callback throws. */
  readonly onListenerError: (error: unknown) => void
  /** For tests. */
  readonly time?: CommitTime | undefined
}

/** Milliseconds, and how the thread is stopped for some: as a commit does that waits for the disk, and finer than a timer. */
interface CommitTime {
  now(): number
  pause(ms: number): void
}

const untouched = new Int32Array(new SharedArrayBuffer(4))
const TIME: CommitTime = {
  now: () => performance.now(),
  pause: (ms) => void Atomics.wait(untouched, 0, 0, ms),
}

export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #limits: GroupCommitLimits
  readonly #options: GroupCommitOptions
  readonly #begin
  readonly #commit
  readonly #sync: DiskSync
  readonly #pause = new CommitPause()
  readonly #time: CommitTime
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #scheduled = false
  /** Runs while all that waits may go on waiting. */
  #gathering: NodeJS.Timeout | undefined
  #closed = false

  constructor(database: DatabaseSync, options: GroupCommitOptions) {
    this.#database = database
    this.#options = options
    this.#limits = { ...GROUP_COMMIT_DEFAULTS, ...options.limits }
    this.#time = options.time ?? TIME
    this.#begin = database.prepare('BEGIN')
    this.#commit = database.prepare('COMMIT')
    this.#sync = new DiskSync(database, (operation) => this.run(operation))
  }

  /** Queues an operation; it must be synchronous. Resolves with its result after the commit. */
  run<T>(operation: () => T, options: RunOptions<T> = {}): Promise<T> {
    const bytes = options.bytes ?? 0
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise<T>((resolve, reject) => {
      const { atomic = false, lazy = false, withinMs = 0, committed } = options
      this.#waiting.push({
        operation,
        bytes,
        atomic,
        lazy,
        committed,
        resolve,
        reject,
        result: undefined,
        failed: false,
      })
      this.#waitingBytes += bytes
      if (withinMs === 0 || this.#waiting.length >= this.#limits.maxBatchOperations) this.#flushSoon()
      else this.#gathering ??= setTimeout(this.#flush, withinMs).unref()
    })
  }

  /** Runs what is queued and refuses what comes later. */
  close(): void {
    this.#closed = true
    this.#sync.close()
    clearTimeout(this.#gathering)
    while (this.#waiting.length > 0) this.#runBatch()
  }

  /**
   * At the end of the current turn, when every frame of this drain has been handled. setImmediate would wait for more, at the price of latency;
   * while a commit runs the next batch gathers by itself, so nothing is gained by waiting.
   */
  #flushSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  #refusal(bytes: number): Error | undefined {
    if (this.#closed) return new CodedError('plugin_unavailable', 'The store is closed.')
    const { maxWaitingOperations, maxWaitingBytes } = this.#limits
    const tooMany = this.#waiting.length >= maxWaitingOperations
    if (!tooMany && (this.#waiting.length === 0 || this.#waitingBytes + bytes <= maxWaitingBytes)) return undefined
    const limit = tooMany ? `${maxWaitingOperations} operations` : `${maxWaitingBytes} bytes`
    return new CodedError('overloaded', `More than ${limit} wait for the store. Nothing was written; try again.`)
  }

  // Bound to the context of the constructor: a batch holds the calls of many, and must not run in the trace of the first.
  readonly #flush = AsyncLocalStorage.bind((): void => {
    this.#scheduled = false
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (this.#waiting.length === 0 || this.#pausesFirst()) return
    this.#runBatch()
    if (this.#waiting.length === 0 || this.#scheduled) return
    // A full batch: let its answers out, and what has arrived in, before the next one.
    this.#scheduled = true
    setImmediate(this.#flush)
  })

  /** Whether what waits is run a little later, together with what arrives until then. */
  #pausesFirst(): boolean {
    // Nothing waits for the disk for the sake of what is lazy.
    if (this.#waiting.every(({ lazy }) => lazy)) return false
    const ms = this.#pause.before(this.#waiting.length, this.#time.now())
    if (ms === 0) return false
    this.#time.pause(ms)
    this.#scheduled = true
    // The first runs in this turn of the event loop, the second in the next one, after what has arrived has been read.
    setImmediate(() => setImmediate(this.#flush))
    return true
  }

  #runBatch(): void {
    const batch = this.#takeBatch()
    const isLazy = batch.every(({ lazy }) => lazy)
    let beganAt: number
    let endedAt: number
    try {
      this.#sync.begin(isLazy)
      this.#begin.run()
      for (const waiting of batch) this.#runOne(waiting)
      this.#options.batch?.beforeCommit()
      beganAt = this.#time.now()
      this.#commit.run()
      endedAt = this.#time.now()
    } catch (cause) {
      this.#fail(batch, cause)
      return
    }
    this.#sync.committed()
    this.#options.batch?.committed()
    for (const waiting of batch) this.#answer(waiting)
    if (!isLazy) this.#pause.committed(batch.length, endedAt - beganAt, endedAt)
  }

  #takeBatch(): Waiting[] {
    const { maxBatchOperations, maxBatchBytes } = this.#limits
    let count = 0
    let bytes = 0
    while (count < this.#waiting.length && count < maxBatchOperations) {
      const next = this.#waiting[count]!.bytes
      if (count > 0 && bytes + next > maxBatchBytes) break
      bytes += next
      count++
    }
    this.#waitingBytes -= bytes
    if (count < this.#waiting.length) return this.#waiting.splice(0, count)
    const batch = this.#waiting
    this.#waiting = []
    return batch
  }

  /** Throws when the error ends the transaction; an operation's own error stays with it. */
  #runOne(waiting: Waiting): void {
    if (waiting.atomic) this.#database.exec('SAVEPOINT operation')
    try {
      waiting.result = waiting.operation()
    } catch (error) {
      if (!concernsOneStatement(error)) throw error
      waiting.failed = true
      waiting.result = error
      if (waiting.atomic) this.#database.exec('ROLLBACK TO operation')
      this.#options.onRolledBack?.()
    }
    if (waiting.atomic) this.#database.exec('RELEASE operation')
  }

  #fail(batch: readonly Waiting[], cause: unknown): void {
    try {
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch (error) {
      this.#options.onListenerError(error)
    }
    this.#options.onRolledBack?.()
    this.#options.batch?.rolledBack()
    const reason = this.#options.describe(cause)
    for (const waiting of batch) waiting.reject(reason)
  }

  #answer({ failed, committed, result, resolve, reject }: Waiting): void {
    if (failed) {
      reject(result)
      return
    }
    try {
      committed?.(result as never)
    } catch (error) {
      this.#options.onListenerError(error)
    }
    resolve(result as never)
  }
}
