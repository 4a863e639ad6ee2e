// Writes a file so that a reader, and an engine that is killed at any moment, finds either the old content or the new one.
import { randomBytes } from 'node:crypto'
import { open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const LEFTOVER = /^\.[a-z0-9_-]{1,64}\.yaml\.[0-9a-f]{12}\.tmp$/
/** A younger one may belong to another engine that is writing it. */
const LEFTOVER_AGE_MS = 60_000
/** Values may hold secrets. */
const OWNER_ONLY = 0o600

/** Resolves when the content would survive a power cut. Keeps the mode of the file that it replaces. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  const mode = await stat(path).then(
    (stats) => stats.mode & 0o777,
    () => OWNER_ONLY,
  )
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(folder)
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

/** Removes what an engine that was killed while writing has left behind. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (!LEFTOVER.test(name)) continue
    const path = join(folder, name)
    const written = await stat(path).catch(() => undefined)
    if (written !== undefined && Date.now() - written.mtimeMs > LEFTOVER_AGE_MS) await unlink(path).catch(() => {})
  }
}
