// Opens the file of a store: folder, lock, integrity, format version, settings. It opens as a store that can be
// written and whose content is sound, or not at all: there is no fall-back to memory.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { damaged, sqliteCode, StoreError, toStoreError, type StorePlace } from './store-error.ts'

/** `iiih`, written into each store file, so that a foreign database is not taken for ours. */
const APPLICATION_ID = 0x69696968

/**
 * Pages in the write-ahead log before they are copied into the file, 16 MiB. Measured with sets of 140 bytes: no difference
 * between 1,000 and 8,000 pages in throughput, and fewer pauses than with 1,000.
 */
const CHECKPOINT_PAGES = 4_000

/**
 * Files up to this size are checked as a whole when they are opened: measured 3 to 4 s per GB with rows of 140 bytes, so at
 * most about half a second. Larger ones would not start in time; damage in them shows when the damaged page is read.
 */
export const FULL_CHECK_BYTES = 128 * 1024 * 1024

/** Value of `PRAGMA auto_vacuum` for files that shrink step by step. */
const INCREMENTAL = 2

/** A process that was just killed may hold its lock for a moment longer. */
const LOCK_WAIT_MS = 1_000

export interface StoreFormat {
  /** Tables and indexes of a new file. */
  readonly schema: string
  /** Version of that schema; a file of another one is refused. */
  readonly version: number
}

export interface StoreFileOptions extends StoreFormat, StorePlace {
  /** Upper size of the file in bytes; beyond it writes fail as on a full disk. Default: none. */
  readonly maxBytes?: number | undefined
  /** Larger files have only their schema checked when they are opened. Default 128 MiB. */
  readonly fullCheckBytes?: number | undefined
  /** Told of a file that can't shrink, with the remedy. */
  readonly onWarning?: ((message: string) => void) | undefined
}

export function openStoreFile(options: StoreFileOptions): DatabaseSync {
  createFolder(options)
  requireWritable(options)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(options.file, { timeout: LOCK_WAIT_MS })
    lock(database)
    if (isNew(database)) createTables(database, options)
    else {
      checkFile(database, options)
      letItShrink(database, options)
    }
    applySettings(database, options)
    return database
  } catch (error) {
    database?.close()
    throw toStoreError(error, options)
  }
}

function createFolder({ folder, setting }: StorePlace): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    const message = `The data folder ${folder} cannot be created (${cause}). Create it, make it writable, or choose another one (${setting}).`
    throw new StoreError(folder, message, { cause: error })
  }
}

/** Asked beforehand because SQLite calls it an I/O error. Only asked: opening the file by other means would drop this process's locks. */
function requireWritable({ folder, file, setting }: StorePlace): void {
  for (const path of [folder, file]) {
    if (!existsSync(path)) continue
    try {
      accessSync(path, constants.R_OK | constants.W_OK | (path === folder ? constants.X_OK : 0))
    } catch (error) {
      const what = path === folder ? 'data folder' : 'store file'
      const message = `The ${what} ${path} cannot be written. Make it writable for the user of the engine, or choose another folder (${setting}).`
      throw new StoreError(path, message, { cause: error })
    }
  }
}

/** One engine per folder. The lock is held until the file is closed; the system releases it when the process dies. */
function lock(database: DatabaseSync): void {
  // How a new file shrinks must be said before its first page is made, which this does; one that is there stays as it is.
  database.exec('PRAGMA auto_vacuum=INCREMENTAL; PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; COMMIT')
}

/** Empty: nobody has made a table in it. */
function isNew(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}

function createTables(database: DatabaseSync, { schema, version }: StoreFormat): void {
  database.exec(
    `BEGIN IMMEDIATE; ${schema}; PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${version}; COMMIT`,
  )
}

function checkFile(
  database: DatabaseSync,
  { file, version, setting, fullCheckBytes = FULL_CHECK_BYTES }: StoreFileOptions,
): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new StoreError(
      file,
      `The file ${file} is a database of another program. Move it away, or choose another folder (${setting}).`,
    )
  }
  const found = pragma(database, 'user_version')
  if (found !== version) {
    throw new StoreError(
      file,
      `The store file ${file} has format version ${found}, this engine reads version ${version}. ` +
        `Run the engine version that wrote it, or choose another folder (${setting}).`,
    )
  }
  const finding = quickCheck(database, statSync(file).size <= fullCheckBytes)
  if (finding !== 'ok') throw new StoreError(file, damaged(file, finding))
}

/**
 * Files of earlier versions keep their size for ever: those with little in them are written anew once, however large they are. What is
 * deleted in a new file is given back by `shrinking.ts`.
 */
function letItShrink(
  database: DatabaseSync,
  { file, fullCheckBytes = FULL_CHECK_BYTES, onWarning }: StoreFileOptions,
): void {
  if (pragma(database, 'auto_vacuum') === INCREMENTAL) return
  const used = (pragma(database, 'page_count') - pragma(database, 'freelist_count')) * pragma(database, 'page_size')
  const remedy = `To have it give back what is deleted, stop the engine and run: sqlite3 ${file} "PRAGMA auto_vacuum=2; VACUUM"`
  if (used > fullCheckBytes) {
    onWarning?.(`The store file ${file} comes from an earlier version and keeps its size. ${remedy}`)
    return
  }
  try {
    database.exec(`PRAGMA auto_vacuum=INCREMENTAL; VACUUM`)
  } catch (error) {
    // It takes as much room again for a moment. Without it everything works as before.
    const reason = error instanceof Error ? error.message : String(error)
    onWarning?.(`The store file ${file} keeps its size: it could not be written anew (${reason}). ${remedy}`)
  }
}

/** `ok`, or the first thing that is wrong. */
function quickCheck(database: DatabaseSync, whole: boolean): string {
  const row = database.prepare(whole ? 'PRAGMA quick_check(1)' : "PRAGMA quick_check('sqlite_schema')").get()
  return String(row?.['quick_check'] ?? 'no answer')
}

function applySettings(database: DatabaseSync, { file, maxBytes, setting }: StoreFileOptions): void {
  const mode = database.prepare('PRAGMA journal_mode=WAL').get()?.['journal_mode']
  if (mode !== 'wal') {
    throw new StoreError(
      file,
      `The store file ${file} does not support a write-ahead log on this file system. Choose a local disk (${setting}).`,
    )
  }
  // FULL: a commit returns only after the log is on the disk. The fullfsync settings mean the same on macOS and nothing elsewhere.
  database.exec(
    `PRAGMA synchronous=FULL; PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1; PRAGMA temp_store=MEMORY; ` +
      `PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}; PRAGMA journal_size_limit=67108864`,
  )
  if (maxBytes !== undefined) {
    database.exec(`PRAGMA max_page_count=${Math.max(1, Math.floor(maxBytes / pragma(database, 'page_size')))}`)
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Copies the write-ahead log into the file and closes it. What is committed is safe even if the copying fails. */
export function closeStoreFile(database: DatabaseSync, place: StorePlace): StoreError | undefined {
  let failure: StoreError | undefined
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    failure = sqliteCode(error) === undefined ? undefined : toStoreError(error, place)
  }
  database.close()
  return failure
}
