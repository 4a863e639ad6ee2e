// Where the built-in backend keeps its tables: one SQLite file that belongs to this engine, or a database in memory. Both are written by group
// commit, so that everything above is the same for both.
import { DatabaseSync } from 'node:sqlite'
import { GroupCommit, type RunOptions } from '../../../../kit/sqlite/group-commit.ts'
import { SqliteStore } from '../../../../kit/sqlite/sqlite-store.ts'
import { StoreError } from '../../../../kit/sqlite/store-error.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import { JOB_SCHEMA, JOB_SCHEMA_VERSION } from './schema.ts'

/** A database with the tables of `schema.ts`. */
export interface JobDatabase {
  /** For preparing statements. What writes runs inside `run`; what only reads may run at any time and sees what is committed. */
  readonly database: DatabaseSync
  /** Runs a synchronous operation in the transaction of the current batch; resolves after the commit. */
  run<T>(operation: () => T, options?: RunOptions<T>): Promise<T>
  /** Finishes what is queued. */
  close(): void | Promise<void>
}

export interface JobFileOptions {
  /** Absolute path. */
  readonly folder: string
  readonly maxBytes?: number | undefined
  readonly log: Pick<PluginLog, 'warn' | 'error'>
}

/** In the file `queue.db` of a folder. Throws a `StoreError` that says what to do. */
export function openJobFile({ folder, maxBytes, log }: JobFileOptions): JobDatabase {
  return new SqliteStore({
    folder,
    name: 'queue.db',
    setting: 'adapter.config.file_path of iii-queue',
    schema: JOB_SCHEMA,
    version: JOB_SCHEMA_VERSION,
    maxBytes,
    onWarning: (message) => log.warn(message),
    onError: (message, error) => log.error(message, { error: String(error) }),
  })
}

/** Gone with the process. */
export function openJobMemory({ maxBytes, log }: Omit<JobFileOptions, 'folder'>): JobDatabase {
  const database = new DatabaseSync(':memory:')
  database.exec(`PRAGMA temp_store=MEMORY; ${JOB_SCHEMA}`)
  if (maxBytes !== undefined) database.exec(`PRAGMA max_page_count=${Math.max(1, Math.floor(maxBytes / 4096))}`)
  const commits = new GroupCommit(database, {
    describe: (cause) =>
      new StoreError(
        'memory',
        `The queues in memory could not be written (${String(cause)}). Take jobs out, or raise adapter.config.max_file_bytes of iii-queue.`,
        { cause },
      ),
    onListenerError: (error) => log.error('A listener of the store failed after a commit.', { error: String(error) }),
  })
  return {
    database,
    run: (operation, options) => commits.run(operation, options),
    close: () => {
      commits.close()
      database.close()
    },
  }
}
