// Embedded transactional store: one SQLite file in a folder that belongs to this engine alone, written by group commit.
// What is stored is up to the caller's schema; `sqlite/ordered-table.ts` has the one of state and stream.
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { GroupCommit, type BatchListener, type GroupCommitLimits, type RunOptions } from './group-commit.ts'
import { OwnFile } from './own-file.ts'
import { closeStoreFile, openStoreFile, type StoreFormat } from './store-file.ts'
import { toStoreError, type StorePlace } from './store-error.ts'

export { StoreError } from './store-error.ts'

/** Folder, file name, schema with its version, limits. */
export interface SqliteStoreOptions extends StoreFormat {
  /** Absolute path of the folder; created when absent. */
  readonly folder: string
  /** File name inside it. */
  readonly name: string
  /** The setting that decides the folder, for error messages. */
  readonly setting: string
  /** Upper size of the file in bytes. Default: none. */
  readonly maxBytes?: number | undefined
  /** Larger files have only their schema checked when they are opened. Default 128 MiB. */
  readonly fullCheckBytes?: number | undefined
  readonly limits?: Partial<GroupCommitLimits> | undefined
  /** Told what fails without anybody waiting for it: a callback after a commit, the last checkpoint. */
  readonly onError: (message: string, error: unknown) => void
  /** Gets the open database before its first use; for tests that set a page limit or damage something. */
  readonly onOpen?: ((database: DatabaseSync) => void) | undefined
}

/** One SQLite file in a folder that one engine has for itself, written by group commit: answered when it is on the disk. */
export class SqliteStore {
  /** For preparing statements; run them only inside `run`. */
  readonly database: DatabaseSync
  readonly #place: StorePlace
  readonly #commits: GroupCommit
  readonly #onError: SqliteStoreOptions['onError']
  readonly #rolledBack: (() => void)[] = []
  readonly #batches: BatchListener[] = []
  #closed = false

  /** Opens or creates the store. Throws a `StoreError` that names the file and the remedy. */
  constructor(options: SqliteStoreOptions) {
    const { folder, name, setting, schema, version, maxBytes, fullCheckBytes, limits, onError, onOpen } = options
    this.#onError = onError
    this.#place = { folder, file: join(folder, name), setting }
    this.database = openStoreFile({ ...this.#place, schema, version, maxBytes, fullCheckBytes })
    onOpen?.(this.database)
    const ownFile = new OwnFile(this.#place)
    this.#commits = new GroupCommit(this.database, {
      limits,
      onRolledBack: () => this.#rolledBack.forEach((listener) => listener()),
      batch: {
        beforeCommit: () => {
          ownFile.check()
          this.#batches.forEach((listener) => listener.beforeCommit())
        },
        committed: () => this.#batches.forEach((listener) => listener.committed()),
        rolledBack: () => this.#batches.forEach((listener) => listener.rolledBack()),
      },
      describe: (cause) => toStoreError(cause, this.#place),
      onListenerError: (error) => onError('A listener of the store failed after a commit.', error),
    })
  }

  /** Calls back when what operations wrote was undone: nothing remembered of it holds any more. */
  onRolledBack(listener: () => void): void {
    this.#rolledBack.push(listener)
  }

  /** Lets something be written once per batch, in its transaction. */
  onBatch(listener: BatchListener): void {
    this.#batches.push(listener)
  }

  /**
   * Runs a synchronous operation in the transaction of the current batch; resolves after the commit, on the disk.
   * When the transaction fails, every operation in it rejects with the same `StoreError`, and nothing of it is kept.
   */
  run<T>(operation: () => T, options?: RunOptions<T>): Promise<T> {
    return this.#commits.run(operation, options)
  }

  /** Finishes what is queued, closes the file and releases the folder. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#commits.close()
    const failure = closeStoreFile(this.database, this.#place)
    if (failure !== undefined)
      this.#onError('The write-ahead log was not copied at the end; it is at the next start.', failure)
  }
}
