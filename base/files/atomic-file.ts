// Writes a file so that a reader, and whoever finds it after the writer was killed, sees either the old content or the new one.
import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Whether it must survive a power cut, and the rights of a new file. */
export interface WriteOptions {
  /** Fulfilled only when the content would survive a power cut. Default: when it would survive the end of the process. */
  readonly durable?: boolean
  /** Rights of a file that is new; one that is there keeps its own. Default: what the process gives (0o666 less its umask). */
  readonly mode?: number
}

const DRAFT = /^\.(.+)\.[0-9a-f]{12}\.tmp$/
/** A younger draft may belong to another process that is writing it. */
const LEFTOVER_AGE_MS = 60_000

/** Replaces the content or makes the file. A link stays a link: the file behind it is written. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { durable = false, mode }: WriteOptions = {},
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const kept = await stat(target).then(
    (stats) => stats.mode & 0o777,
    () => undefined,
  )
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(draft, 'wx', kept ?? mode)
    try {
      // What the umask takes from a new file is not taken from one that had it.
      if (kept !== undefined) await file.chmod(kept)
      await file.writeFile(content)
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, target)
  } catch (error) {
    await unlink(draft).catch(() => {})
    throw error
  }
  if (durable) await syncFolder(dirname(target))
}

/**
 * Makes a file that is not there yet, whole from the first moment on. False: something is there already, and stays as it is; of several
 * writers, in whatever processes, one alone is told true.
 */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  { durable = false, mode }: WriteOptions = {},
): Promise<boolean> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(draft, 'wx', mode)
    try {
      await file.writeFile(content)
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await linkOrCopy(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft).catch(() => {})
  }
  if (durable) await syncFolder(dirname(path))
  return true
}

/** Some file systems have no second names for a file. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}

/** Makes renames and removals in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no handle on a folder; there the file system does it by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes what writers that were killed have left behind. @param ours the names of the files that they wrote */
export async function removeLeftovers(folder: string, ours: RegExp): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const written = DRAFT.exec(name)?.[1]
    if (written === undefined || !ours.test(written)) continue
    const path = join(folder, name)
    const stats = await stat(path).catch(() => undefined)
    if (stats !== undefined && Date.now() - stats.mtimeMs > LEFTOVER_AGE_MS) await unlink(path).catch(() => {})
  }
}
