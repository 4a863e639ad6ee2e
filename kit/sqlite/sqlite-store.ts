// Embedded transactional store: one SQLite file in a folder that belongs to this engine alone, written by group commit.
// What is stored is up to the caller's schema; `sqlite/ordered-table.ts` has the one of state and stream.
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CodedError } from '../../protocol/errors.ts'
import { GroupCommit, type BatchListener, type GroupCommitLimits, type RunOptions } from './group-commit.ts'
import { OwnFile } from './own-file.ts'
import { Shrinking, type ShrinkLimits } from './shrinking.ts'
import { backUpStore, type BackupOptions } from './store-backup.ts'
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
  /** How what deleted values have left is given back to the file system. */
  readonly shrink?: Partial<ShrinkLimits> | undefined
  /** Told of a file that can't shrink, with the remedy. Default: nobody. */
  readonly onWarning?: ((message: string) => void) | undefined
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
  readonly #shrinking: Shrinking
  readonly #onError: SqliteStoreOptions['onError']
  readonly #rolledBack: (() => void)[] = []
  readonly #batches: BatchListener[] = []
  /** Ends the copies that are being made. */
  readonly #ending = new AbortController()
  readonly #copies = new Set<Promise<unknown>>()
  #closed = false

  /** Opens or creates the store. Throws a `StoreError` that names the file and the remedy. */
  constructor(options: SqliteStoreOptions) {
    const { folder, name, setting, schema, version, maxBytes, fullCheckBytes, limits, onError, onOpen } = options
    const { shrink, onWarning } = options
    this.#onError = onError
    this.#place = { folder, file: join(folder, name), setting }
    this.database = openStoreFile({ ...this.#place, schema, version, maxBytes, fullCheckBytes, onWarning })
    onOpen?.(this.database)
    const ownFile = new OwnFile(this.#place)
    this.#shrinking = new Shrinking(this.database, {
      limits: shrink,
      onError: (error) => onError('Free room of the store could not be given back.', error),
    })
    this.#commits = new GroupCommit(this.database, {
      limits,
      onRolledBack: () => this.#rolledBack.forEach((listener) => listener()),
      batch: {
        beforeCommit: () => {
          ownFile.check()
          this.#batches.forEach((listener) => listener.beforeCommit())
        },
        committed: () => {
          this.#shrinking.wrote()
          this.#batches.forEach((listener) => listener.committed())
        },
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

  /**
   * Copies the store into a new file while it is in use (`store-backup.ts`). Resolves with its size in bytes when it is safe on the disk.
   * Rejects with a `StoreError` that says what to do, and with `plugin_unavailable` when the store is closed meanwhile.
   */
  async backup(file: string, { onProgress }: Pick<BackupOptions, 'onProgress'> = {}): Promise<number> {
    const { signal } = this.#ending
    signal.throwIfAborted()
    const goOn = this.#shrinking.hold()
    const copy = backUpStore(this.database, file, { onProgress, signal })
    this.#copies.add(copy)
    try {
      return await copy
    } finally {
      this.#copies.delete(copy)
      if (!this.#closed) goOn()
    }
  }

  /** Ends the copies that are being made; to be awaited before `close`. */
  async endBackups(): Promise<void> {
    this.#ending.abort(
      new CodedError(
        'plugin_unavailable',
        'The store is being closed: the copy was given up, and nothing of it is left.',
      ),
    )
    await Promise.allSettled(this.#copies)
  }

  /** Finishes what is queued, closes the file and releases the folder. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    void this.endBackups()
    this.#commits.close()
    this.#shrinking.stop()
    const failure = closeStoreFile(this.database, this.#place)
    if (failure !== undefined)
      this.#onError('The write-ahead log was not copied at the end; it is at the next start.', failure)
  }
}
