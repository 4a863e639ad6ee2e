// What a folder holds at a moment, as far as it is watched: a print of each file that matches, and the folders in it.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface FilePrint {
  /** Another one whenever the file is written or replaced, and not with its rights. */
  readonly print: string
  /** It was written a moment before it was looked at: written once more in this moment it would have the same print. */
  readonly isFresh: boolean
}

export interface FolderState {
  /** By name. */
  readonly files: ReadonlyMap<string, FilePrint>
  readonly folders: ReadonlySet<string>
}

export const NOTHING: FolderState = { files: new Map(), folders: new Set() }

/** Times of files may be as coarse as that. */
const COARSE_MS = 20
/** Files that are looked at side by side. */
const AT_ONCE = 128

/** A folder that is not there holds nothing. @throws when it can't be read for another reason */
export async function readFolder(
  folder: string,
  matches: (fileName: string) => boolean,
  now: () => number,
): Promise<FolderState> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  const folders = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name))
  const names = entries.filter((entry) => !entry.isDirectory() && matches(entry.name)).map(({ name }) => name)
  const files = new Map<string, FilePrint>()
  for (let first = 0; first < names.length; first += AT_ONCE) {
    const some = names.slice(first, first + AT_ONCE)
    const prints = await Promise.all(some.map((name) => printOf(join(folder, name), now)))
    for (const [index, print] of prints.entries()) if (print !== undefined) files.set(some[index]!, print)
  }
  return { files, folders }
}

/**
 * Names of files that were written, came or went.
 * @param isTouched something has happened to the file of this name since it was looked at
 */
export function differences(
  before: FolderState,
  after: FolderState,
  isTouched: (name: string) => boolean,
): readonly string[] {
  const names = new Set([...before.files.keys(), ...after.files.keys()])
  return [...names].filter((name) => {
    const { print, isFresh } = before.files.get(name) ?? {}
    return print !== after.files.get(name)?.print || (isFresh === true && isTouched(name))
  })
}

async function printOf(file: string, now: () => number): Promise<FilePrint | undefined> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined)
  if (stats?.isFile() !== true) return undefined
  const { ino, size, mtimeNs, mtimeMs } = stats
  return { print: `${ino} ${size} ${mtimeNs}`, isFresh: Math.abs(now() - Number(mtimeMs)) < COARSE_MS }
}
