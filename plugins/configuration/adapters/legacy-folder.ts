// Where older engines kept their entries: moved over once, when the default folder is used (spec 04 A.9.1).
import { constants } from 'node:fs'
import { copyFile, link, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { syncFolder } from '../../../base/files/atomic-file.ts'

/** Files that exist at the target win, and their old copy stays where it is. */
export async function moveLegacyFiles(from: string, to: string, log: PluginLog): Promise<void> {
  const names = await readdir(from).catch(() => [])
  const moved: string[] = []
  for (const name of names.filter((file) => file.endsWith('.yaml')).sort()) {
    try {
      await linkOrCopy(join(from, name), join(to, name))
      moved.push(name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      log.warn(`${join(from, name)} could not be moved to ${to}: ${(error as Error).message}`)
    }
  }
  if (moved.length === 0) return
  await syncFolder(to)
  // Only now: a copy that a power cut takes away must still exist there.
  for (const name of moved) await unlink(join(from, name)).catch(() => {})
  log.info(`${moved.length} configuration entries moved from ${from} to ${to}`)
}

/** Neither replaces a file that exists. A link moves the file as it is; where there are none, or to another disk, it is copied. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}
