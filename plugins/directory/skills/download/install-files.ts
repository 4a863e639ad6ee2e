// Puts files in their places, all of them or none: first beside, on the same disk, then by a rename each. What fails half way is taken back;
// after a kill in the midst of it each file is whole, the old one or the new one.
import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { syncFolder } from '../../../../base/files/atomic-file.ts'
import { inBatches } from '../../files/in-batches.ts'
import type { MarkdownFolder } from '../../files/markdown-folder.ts'
import { OVERVIEWS } from '../skill-id.ts'
import type { SetFile } from './file-set.ts'

const STAGING = /^\.iii-staging-[0-9a-f]{12}$/
/** A younger one may belong to another engine that is at work. */
const LEFTOVER_AGE_MS = 10 * 60_000
const WRITES_AT_ONCE = 8

interface Done {
  readonly target: string
  /** Where the old file is kept; undefined = there was none. */
  readonly old: string | undefined
}

/** @param files paths below `folder` @returns absolute paths of files that are other than before */
export async function installFiles(folder: MarkdownFolder, files: readonly SetFile[]): Promise<string[]> {
  await mkdir(folder.folder, { recursive: true })
  await removeLeftovers(folder.folder)
  const staging = path.join(folder.folder, `.iii-staging-${randomBytes(6).toString('hex')}`)
  const made: string[] = []
  const done: Done[] = []
  try {
    await mkdir(staging)
    await inBatches([...files.entries()], WRITES_AT_ONCE, ([number, { text }]) =>
      writeSynced(path.join(staging, `${number}`), text),
    )
    for (const { path: relative } of files) made.push(...(await folder.makeFolders(relative)))
    for (const [number, { path: relative }] of files.entries()) {
      const target = path.join(folder.folder, relative)
      const old = await keep(target, path.join(staging, `${number}.old`))
      await rename(path.join(staging, `${number}`), target)
      done.push({ target, old })
    }
    for (const [number, stale] of staleOverviews(files).entries()) {
      const target = path.join(folder.folder, stale)
      const old = path.join(staging, `stale-${number}`)
      if (await movedAway(target, old)) done.push({ target, old })
    }
    const folders = new Set(done.map(({ target }) => path.dirname(target)))
    for (const each of folders) await syncFolder(each)
    return done.map(({ target }) => target)
  } catch (error) {
    await takeBack(done)
    for (const each of made.toReversed()) await folder.removeEmpty(path.relative(folder.folder, each))
    throw error
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => {})
  }
}

/** Files by which the same overview goes, and which would be read in its place. */
function staleOverviews(files: readonly SetFile[]): string[] {
  const written = new Set(files.map((file) => file.path))
  return files.flatMap(({ path: relative }) => {
    const name = OVERVIEWS.findIndex((each) => path.posix.basename(relative) === `${each}.md`)
    if (name < 1) return []
    const others = OVERVIEWS.slice(0, name).map((each) => path.posix.join(path.posix.dirname(relative), `${each}.md`))
    return others.filter((other) => !written.has(other))
  })
}

/** The file stays in its place meanwhile. */
async function keep(target: string, old: string): Promise<string | undefined> {
  try {
    await link(target, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error
      return copyFile(target, old, constants.COPYFILE_EXCL)
    })
    return old
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function movedAway(target: string, old: string): Promise<boolean> {
  return rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

async function takeBack(done: readonly Done[]): Promise<void> {
  for (const { target, old } of done.toReversed()) {
    await (old === undefined ? rm(target, { force: true }) : rename(old, target)).catch(() => {})
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Of engines that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((each) => STAGING.test(each))) {
    const leftover = path.join(folder, name)
    const stats = await stat(leftover).catch(() => undefined)
    if (stats === undefined || Date.now() - stats.mtimeMs < LEFTOVER_AGE_MS) continue
    await rm(leftover, { recursive: true, force: true }).catch(() => {})
  }
}
