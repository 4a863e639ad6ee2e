// A copy of a store while it is in use. Pages are copied a few at a time by another thread; what is written meanwhile goes into the copy as
// well, so that it holds exactly what was committed when it ended, whole transactions only. A store file like any other.
import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { link, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { backup, type BackupOptions as BackupOptionsOfNode, type DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { syncFolder } from '../../base/files/atomic-file.ts'
import { sqliteCode, StoreError } from './store-error.ts'

/** Pages of 4 KiB copied at a time: for so long, about a millisecond, a write may have to wait. */
const STEP_PAGES = 256
/** How often the copy is begun, a millisecond apart, when each time a write was under way just then. */
const BEGINNINGS = 200

export interface BackupProgress {
  readonly copiedPages: number
  readonly pages: number
}

export interface BackupOptions {
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined
  /** Ends it: nothing is left behind then. */
  readonly signal: AbortSignal
}

/**
 * Resolves with the size in bytes when the file would survive a power cut.
 * Rejects with a `StoreError` when there is such a file already, or it can't be written; then there is none.
 * @param file absolute path
 */
export async function backUpStore(
  database: DatabaseSync,
  file: string,
  { onProgress, signal }: BackupOptions,
): Promise<number> {
  refuseUnsuitable(file)
  await removeLeftovers(file)
  // Under another name until it is whole: a copy that was cut short must not be taken for one.
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await copyPages(database, draft, signal, ({ totalPages, remainingPages }) => {
      signal.throwIfAborted()
      onProgress?.({ copiedPages: totalPages - remainingPages, pages: totalPages })
    })
    signal.throwIfAborted()
    await sync(draft)
    await publish(draft, file)
    await syncFolder(dirname(file))
    return (await stat(file)).size
  } catch (error) {
    throw signal.aborted ? signal.reason : toBackupError(error, file)
  } finally {
    for (const left of [draft, `${draft}-journal`]) await rm(left, { force: true })
  }
}

/**
 * A step that meets a write transaction of the same connection is made again, but Node takes the first one for the end of the copy, and rejects with
 * what the copy says is wrong with it: nothing.
 */
async function copyPages(
  database: DatabaseSync,
  draft: string,
  signal: AbortSignal,
  progress: NonNullable<BackupOptionsOfNode['progress']>,
): Promise<void> {
  for (let beginning = 1; ; beginning++) {
    try {
      await backup(database, draft, { rate: STEP_PAGES, progress })
      return
    } catch (error) {
      if (!metWrite(error)) throw error
      if (beginning === BEGINNINGS)
        throw new Error(`a write was under way all ${BEGINNINGS} times that it was begun`, { cause: error })
      await setTimeout(1, undefined, { signal })
    }
  }
}

const SQLITE_OK = 0

function metWrite(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && errcode === SQLITE_OK
}

function refuseUnsuitable(file: string): void {
  if (!isAbsolute(file)) throw new StoreError(file, `The path of a backup must be absolute, got "${file}".`)
  if (existsSync(file)) throw existing(file)
  const folder = dirname(file)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  throw new StoreError(file, `The folder ${folder} of the backup does not exist. Create it, or choose another file.`)
}

function existing(file: string): StoreError {
  return new StoreError(
    file,
    `The file ${file} exists already. Move it away, or choose another name; nothing was written.`,
  )
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** File systems that have no links say so in different ways. */
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'])

/** A link fails where a rename would replace a file that somebody else has made meanwhile. */
async function publish(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file)
    await unlink(draft)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    if (existsSync(file)) throw existing(file)
    await rename(draft, file)
  }
}

/** A younger draft may be one that another engine is writing. */
const LEFTOVER_AGE_MS = 60_000

/** What copies of engines that were killed have left beside the file. */
async function removeLeftovers(file: string): Promise<void> {
  const [folder, begin] = [dirname(file), `.${basename(file)}.`]
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(begin) || !/^[0-9a-f]{12}\.tmp(-journal)?$/.test(name.slice(begin.length))) continue
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > LEFTOVER_AGE_MS) await rm(join(folder, name), { force: true })
  }
}

function toBackupError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') return existing(file)
  const reason = error instanceof Error ? error.message : String(error)
  const remedy =
    sqliteCode(error) === undefined
      ? 'Choose a folder on a local disk that the user of the engine may write.'
      : 'Check that the folder can be written and its disk has room.'
  return new StoreError(file, `The backup ${file} cannot be written (${reason}). ${remedy}`, { cause: error })
}
