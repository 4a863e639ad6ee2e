// What can go wrong with a store file, in words that name the file and the remedy. The SQLite error stays as the cause.

/** Result codes of SQLite that mean something to the operator of a store. */
const Sqlite = {
  PERMISSION: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IO: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  TOO_BIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  RANGE: 25,
  NOT_A_DATABASE: 26,
} as const

/** A store that cannot be opened, read or written. The message stands alone: what happened, which file, what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** The store file, or the folder when that is what is wrong. */
  readonly path: string

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.path = path
  }
}

export interface StorePlace {
  readonly folder: string
  readonly file: string
  /** The setting that decides the place, for remedies: `adapter.config.file_path of NAME`. */
  readonly setting: string
}

/** The primary result code of an SQLite error; undefined for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Errors of one statement, after which the transaction it stands in goes on. All others end the transaction. */
export function concernsOneStatement(error: unknown): boolean {
  const code = sqliteCode(error)
  return (
    code === undefined ||
    code === Sqlite.TOO_BIG ||
    code === Sqlite.CONSTRAINT ||
    code === Sqlite.MISMATCH ||
    code === Sqlite.RANGE
  )
}

export function toStoreError(error: unknown, place: StorePlace): StoreError {
  if (error instanceof StoreError) return error
  const path = sqliteCode(error) === Sqlite.BUSY ? place.folder : place.file
  return new StoreError(path, explain(error, place), { cause: error })
}

function explain(error: unknown, { folder, file, setting }: StorePlace): string {
  const cause = error instanceof Error ? error.message : String(error)
  switch (sqliteCode(error)) {
    case Sqlite.BUSY:
    case Sqlite.LOCKED:
      return `The data folder ${folder} is in use by another engine. Stop that engine, or give this one its own folder (${setting}).`
    case Sqlite.CORRUPT:
    case Sqlite.NOT_A_DATABASE:
      return damaged(file, cause)
    case Sqlite.FULL:
      return `The store file ${file} cannot grow: the disk is full, or the store has reached its size limit. Free or allow more space; nothing of this was written.`
    case Sqlite.READONLY:
    case Sqlite.PERMISSION:
      return `The store file ${file} cannot be written. Make it and its folder writable for the user of the engine, or choose another folder (${setting}).`
    case Sqlite.CANTOPEN:
      return `The store file ${file} cannot be opened (${cause}). Make its folder writable for the user of the engine, or choose another folder (${setting}).`
    case Sqlite.IO:
      return `The store file ${file} cannot be read or written (${cause}). Check the disk and its free space.`
    default:
      return `The store file ${file} failed: ${cause}`
  }
}

export function damaged(file: string, finding: string): string {
  return (
    `The store file ${file} is damaged (${finding}). Restore it from a backup, or move it and ${file}-wal away to start empty; ` +
    `\`sqlite3 ${file} .recover\` may save what is readable.`
  )
}
