// A folder of Markdown files: which there are, reading and changing one. Nothing leads out of it: not a name, and not a link.
import { constants, type Dirent, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { removeLeftovers, writeNew, writeWhole } from '../../../base/files/atomic-file.ts'
import { bytesText } from '../../../base/values/amount-text.ts'
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_FOLDERS } from './bounds.ts'
import type { Notices } from './notices.ts'

export interface MarkdownFile {
  /** Relative to the folder, with `/`. */
  readonly path: string
  /** Absolute. */
  readonly file: string
  readonly text: string
  readonly bytes: number
  /** RFC 3339. */
  readonly modifiedAt: string
}

/** A file is there and can't be used. */
export class UnusableFile extends Error {}

const FOLDER_NAME = /^[a-z0-9_-]{1,64}$/
const FILE_NAME = /^(?:[a-z0-9_-]{1,64}|SKILLS?)\.md$/
const MARKDOWN = /\.md$/i
/** A pipe or device by the name of a file does not block whoever opens it. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

export class MarkdownFolder {
  /** Absolute. */
  readonly folder: string
  readonly #notices: Notices

  constructor(folder: string, notices: Notices) {
    this.folder = folder
    this.#notices = notices
  }

  /**
   * Relative paths of the files, in the order of their names; none where there is no folder. Others are passed over, with a line in the log:
   * names that no id can have, links to folders, what lies too deep.
   * @throws the error of the file system when the folder itself can't be read
   */
  async paths({ isFlat = false } = {}): Promise<string[]> {
    const found: string[] = []
    let level = ['']
    let folders = 0
    for (let depth = 0; level.length > 0; depth++) {
      const below: string[] = []
      for (const folder of level) {
        if (++folders > MAX_FOLDERS) {
          this.#notices.skipped(
            this.folder,
            `it has more than ${MAX_FOLDERS} folders, and the others are not looked into`,
          )
          return found.sort()
        }
        for (const entry of await this.#entriesOf(folder)) {
          const at = folder === '' ? entry.name : `${folder}/${entry.name}`
          if (entry.name.startsWith('.')) continue
          if (this.#isFolder(entry, at)) below.push(at)
          else if (this.#isFile(entry, at)) found.push(at)
        }
        if (found.length > MAX_FILES) {
          this.#notices.skipped(this.folder, `it has more than ${MAX_FILES} files, and the others are not looked at`)
          return found.slice(0, MAX_FILES).sort()
        }
      }
      if (isFlat) break
      if (depth + 1 >= MAX_DEPTH && below.length > 0) {
        this.#notices.skipped(path.join(this.folder, below[0]!), `it lies more than ${MAX_DEPTH} folders deep`)
        break
      }
      level = below
    }
    return found.sort()
  }

  /**
   * undefined where there is none.
   * @throws UnusableFile when it is too long, no file, or a link that leads out; else the error of the file system
   */
  async read(relative: string): Promise<MarkdownFile | undefined> {
    const file = path.join(this.folder, relative)
    try {
      await this.#checkInside(file)
      const handle = await open(file, READ_FLAGS)
      try {
        const stats = await handle.stat()
        if (!stats.isFile()) throw new UnusableFile('it is no file')
        if (stats.size > MAX_FILE_BYTES) throw new UnusableFile(tooLong(stats.size))
        const content = await contentOf(handle, stats.size)
        const text = content.toString('utf8')
        return { path: relative, file, text, bytes: content.length, modifiedAt: modifiedAt(stats) }
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code)) return undefined
      throw error
    }
  }

  /** Whether something that may be a file has this name. */
  async has(relative: string): Promise<boolean> {
    try {
      const stats = await lstat(path.join(this.folder, relative))
      return !stats.isDirectory()
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code)) return false
      throw error
    }
  }

  /** False: there is something already. @throws UnusableFile when a link on the way leads out; else the error of the file system */
  async create(relative: string, text: string): Promise<boolean> {
    const file = path.join(this.folder, relative)
    // Another engine may be removing the folder, which is empty for a moment.
    for (let attempt = 1; ; attempt++) {
      try {
        await this.makeFolders(relative)
        const isNew = await writeNew(file, text, { durable: true })
        await removeLeftovers(path.dirname(file), FILE_NAME)
        return isNew
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' && attempt < 3) continue
        await this.removeEmpty(path.dirname(relative))
        throw error
      }
    }
  }

  /** Of a file that was read. */
  async replace(relative: string, text: string): Promise<void> {
    const file = path.join(this.folder, relative)
    await this.#checkInside(file)
    await writeWhole(file, text, { durable: true })
    await removeLeftovers(path.dirname(file), FILE_NAME)
  }

  /** With the folders that it leaves empty. */
  async remove(relative: string): Promise<void> {
    const file = path.join(this.folder, relative)
    await this.#checkInside(path.dirname(file))
    await unlink(file)
    await this.removeEmpty(path.dirname(relative))
  }

  /** Removes the folder `relative` and those above it as far as they are empty; this one stays. */
  async removeEmpty(relative: string): Promise<void> {
    for (let folder = relative; folder !== '.' && folder !== ''; folder = path.dirname(folder)) {
      const isRemoved = await rmdir(path.join(this.folder, folder)).then(
        () => true,
        () => false,
      )
      if (!isRemoved) return
    }
  }

  /** Makes the folders in which a file is to lie, none of which may be a link; names those that are new. */
  async makeFolders(relative: string): Promise<string[]> {
    await mkdir(this.folder, { recursive: true })
    const made: string[] = []
    let at = this.folder
    for (const name of relative.split('/').slice(0, -1)) {
      at = path.join(at, name)
      const isNew = await mkdir(at).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (isNew) made.push(at)
      else if ((await lstat(at)).isSymbolicLink())
        throw new UnusableFile(`'${at}' is a link, and nothing is written by a link`)
    }
    return made
  }

  /** As the file is now. */
  async stat(relative: string): Promise<{ readonly bytes: number; readonly modifiedAt: string }> {
    const stats = await lstat(path.join(this.folder, relative))
    return { bytes: stats.size, modifiedAt: modifiedAt(stats) }
  }

  async #entriesOf(relative: string): Promise<Dirent[]> {
    const folder = path.join(this.folder, relative)
    try {
      return await readdir(folder, { withFileTypes: true })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return []
      if (relative === '') throw error
      this.#notices.skipped(folder, message)
      return []
    }
  }

  #isFolder(entry: Dirent, at: string): boolean {
    if (!entry.isDirectory()) return false
    if (FOLDER_NAME.test(entry.name)) return true
    this.#notices.skipped(path.join(this.folder, at), 'names of folders are 1 to 64 of a-z, 0-9, _ and -')
    return false
  }

  #isFile(entry: Dirent, at: string): boolean {
    if (entry.isDirectory()) return false
    if (!MARKDOWN.test(entry.name)) {
      if (entry.isSymbolicLink()) this.#notices.skipped(path.join(this.folder, at), 'links to folders are not followed')
      return false
    }
    if (FILE_NAME.test(entry.name)) return true
    this.#notices.skipped(path.join(this.folder, at), 'names of files are 1 to 64 of a-z, 0-9, _ and -, and .md')
    return false
  }

  async #checkInside(file: string): Promise<void> {
    const [root, real] = await Promise.all([realpath(this.folder), realpath(file)])
    if (real !== root && !real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) {
      throw new UnusableFile('it is a link that leads out of its folder')
    }
  }
}

export function tooLong(bytes: number): string {
  return `it has ${bytes} bytes, and ${bytesText(MAX_FILE_BYTES)} is the most`
}

function modifiedAt({ mtime }: Stats): string {
  return mtime.toISOString()
}

/** At most that many bytes: a file may grow while it is read. */
async function contentOf(handle: FileHandle, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  let at = 0
  while (at < bytes) {
    const { bytesRead } = await handle.read(buffer, at, bytes - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return buffer.subarray(0, at)
}
