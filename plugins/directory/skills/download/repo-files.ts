// The files of one skill in a git repository: its folder in the folder `skills`.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { READS_AT_ONCE } from '../../files/bounds.ts'
import { directoryError, nearNames, shownName, storageError } from '../../files/directory-error.ts'
import { inBatches } from '../../files/in-batches.ts'
import { MarkdownFolder, UnusableFile } from '../../files/markdown-folder.ts'
import type { Notices } from '../../files/notices.ts'
import type { SetFile } from './file-set.ts'
import { cloneBranch, type CloneDeps } from './git-clone.ts'
import { type RepoSource, withoutSecret } from './request.ts'

export interface RepoDeps extends CloneDeps {
  /** Absolute; for what is fetched and removed again. */
  readonly workFolder: string
  readonly notices: Notices
}

/** A younger folder may be in use. */
const LEFTOVER_AGE_MS = 60 * 60_000

/** @throws CodedError `D310` without such a skill, `D311` for a file that can't be taken, `D320` when nothing can be fetched */
export async function repoFiles(source: RepoSource, deps: RepoDeps): Promise<SetFile[]> {
  const { workFolder, notices } = deps
  const clone = path.join(workFolder, randomUUID())
  try {
    await mkdir(workFolder, { recursive: true })
    await removeLeftovers(workFolder)
  } catch (error) {
    throw storageError(`nothing can be fetched to '${workFolder}'`, error)
  }
  try {
    await cloneBranch(source, clone, deps)
    const folder = new MarkdownFolder(path.join(clone, 'skills', source.skill), notices)
    const paths = (await isLink(clone, folder.folder)) ? [] : await folder.paths().catch(() => [])
    if (paths.length === 0) throw await notFound(source, clone)
    return await inBatches(paths, READS_AT_ONCE, (relative) => readOne(source, folder, relative))
  } finally {
    await rm(clone, { recursive: true, force: true }).catch(() => {})
  }
}

/** The folder, or the one in which it lies: it may be anywhere on this machine. */
async function isLink(clone: string, folder: string): Promise<boolean> {
  const [root, real] = await Promise.all([realpath(clone), realpath(folder).catch(() => undefined)])
  return real !== path.join(root, path.relative(clone, folder))
}

async function readOne({ skill }: RepoSource, folder: MarkdownFolder, relative: string): Promise<SetFile> {
  try {
    const file = await folder.read(relative)
    if (file === undefined) throw new UnusableFile('it is a link that leads nowhere')
    return { path: relative, text: file.text }
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw storageError(`${shownName(relative)} can't be read`, error)
    throw directoryError(
      'D311',
      `the file ${shownName(relative)} of ${skill} can't be taken: ${error.message}: nothing was written`,
    )
  }
}

async function notFound({ repo, skill, branch }: RepoSource, clone: string): Promise<Error> {
  const entries = await readdir(path.join(clone, 'skills'), { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const near = nearNames(skill, names)
  return directoryError(
    'D310',
    `the branch '${branch}' of ${withoutSecret(repo)} has no skills in the folder 'skills/${skill}'`,
    {
      meant: near.length > 0 ? near : names.sort().slice(0, 3),
      next: ['name a folder that it has'],
    },
  )
}

/** Of engines that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const stats = await stat(path.join(folder, name)).catch(() => undefined)
    if (stats === undefined || Date.now() - stats.mtimeMs < LEFTOVER_AGE_MS) continue
    await rm(path.join(folder, name), { recursive: true, force: true }).catch(() => {})
  }
}
