// Unpacks a gzip-compressed tar archive into a folder of its own, within limits, whatever somebody has put into it. It writes
// synchronously: it belongs into a thread of its own (`archive-threads.ts`), where it keeps nobody waiting.
import { chmodSync, closeSync, createReadStream, fsyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Entry, type Headers } from 'tar-stream'
import { ArchiveError } from './archive-error.ts'
import { clashKey, entrySegments } from './entry-path.ts'

export interface ArchiveLimits {
  /** Files and folders. */
  readonly entries: number
  /** Of all files together. */
  readonly totalBytes: number
  readonly fileBytes: number
  /** Steps of a path. */
  readonly depth: number
  /** Unpacked bytes to one packed byte; the first mebibyte may be packed as tightly as it likes. */
  readonly ratio: number
}

export interface UnpackTask {
  /** Absolute path of the archive. */
  readonly archive: string
  /** Absolute path of a folder that is not there yet. What was written remains there when unpacking fails. */
  readonly folder: string
  readonly limits: ArchiveLimits
}

export interface UnpackedFile {
  /** Below the folder, with `/` between its steps. */
  readonly path: string
  readonly size: number
}

/** What compresses well at the beginning is a small archive and no bomb. */
const FREE_BYTES = 2 ** 20
/** Headers, padding and records of one entry. */
const OVERHEAD_PER_ENTRY = 4096

/** What an entry may not be. What the library has no name for is refused as well. */
const REFUSED: Readonly<Record<string, string>> = {
  link: 'is a hard link',
  symlink: 'is a symbolic link',
  'character-device': 'is a device',
  'block-device': 'is a device',
  fifo: 'is a pipe',
}

/** The files, in the order of the archive; they are on the disk to stay. @throws {ArchiveError} */
export async function unpackArchive({ archive, folder, limits }: UnpackTask): Promise<readonly UnpackedFile[]> {
  const packedBytes = statSync(archive).size
  const gunzip = createGunzip()
  const entries = extract()
  const bound = (pieces: AsyncIterable<Buffer>) => bounded(pieces, packedBytes, limits)
  const read = pipeline(createReadStream(archive), gunzip, bound, entries)
  // Whatever ends one of them ends both; that of the archive says why.
  read.catch(() => {})
  const unpacking = new Unpacking(folder, limits)
  try {
    for await (const entry of entries) await unpacking.take(entry)
    await read
  } catch (error) {
    entries.destroy(error as Error)
    throw plainError(error)
  }
  if (gunzip.bytesWritten !== packedBytes) throw new ArchiveError('goes on behind its end')
  unpacking.keep()
  return unpacking.files
}

/** Stops a bomb before it is written: by the bytes that come out, whatever the headers say. */
async function* bounded(
  pieces: AsyncIterable<Buffer>,
  packedBytes: number,
  limits: ArchiveLimits,
): AsyncGenerator<Buffer, void> {
  const most = limits.totalBytes + limits.entries * OVERHEAD_PER_ENTRY
  const tightest = Math.max(FREE_BYTES, packedBytes * limits.ratio)
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > tightest) throw new ArchiveError(`unpacks to more than ${limits.ratio} times its size`)
    if (bytes > most) throw new ArchiveError(`unpacks to more than ${most} bytes`)
    yield piece
  }
}

class Unpacking {
  readonly files: UnpackedFile[] = []
  readonly #folder: string
  readonly #limits: ArchiveLimits
  /** By what file systems may take for the same: what it is, and under which name. */
  readonly #seen = new Map<string, { readonly kind: EntryKind; readonly path: string }>()
  /** Absolute, parents first. */
  readonly #folders: string[] = []
  #entries = 0
  #bytes = 0

  constructor(folder: string, limits: ArchiveLimits) {
    this.#folder = folder
    this.#limits = limits
    mkdirSync(folder, { mode: 0o755 })
    this.#folders.push(folder)
  }

  async take(entry: Entry): Promise<void> {
    const { header } = entry
    const { name } = header
    const { entries, depth, fileBytes, totalBytes } = this.#limits
    if (++this.#entries > entries) throw new ArchiveError(`has more than ${entries} entries`)
    const kind = kindOf(header)
    const size = header.size ?? 0
    const segments = entrySegments(name, depth)
    if (kind === 'folder') {
      if (size !== 0) throw new ArchiveError('is a folder with content', name)
      this.#makeFolder(segments, name)
      // Without it the next entry does not come.
      entry.resume()
      return
    }
    if (segments.length === 0 || name.endsWith('/')) throw new ArchiveError('is a file with the name of a folder', name)
    if (size > fileBytes) throw new ArchiveError(`is longer than ${fileBytes} bytes: ${size}`, name)
    this.#bytes += size
    if (this.#bytes > totalBytes) throw new ArchiveError(`holds more than ${totalBytes} bytes`)
    this.#makeFolder(segments.slice(0, -1), name)
    if (this.#note(segments, 'file', name) === 'again') throw new ArchiveError('is there twice', name)
    const path = segments.join('/')
    await this.#write(join(this.#folder, path), entry)
    this.files.push({ path, size })
  }

  /** Names of files last as long as the folders that hold them. */
  keep(): void {
    for (const folder of this.#folders.toReversed()) syncPath(folder)
    syncPath(dirname(this.#folder))
  }

  #makeFolder(segments: readonly string[], name: string): void {
    for (let count = 1; count <= segments.length; count++) {
      const steps = segments.slice(0, count)
      if (this.#note(steps, 'folder', name) === 'again') continue
      const path = join(this.#folder, ...steps)
      mkdirSync(path, { mode: 0o755 })
      this.#folders.push(path)
      // Folders that no entry names are made as well, and are to be no way round the limit.
      if (this.#folders.length > this.#limits.entries) {
        throw new ArchiveError(`has more than ${this.#limits.entries} folders`)
      }
    }
  }

  #note(segments: readonly string[], kind: EntryKind, name: string): 'first' | 'again' {
    const path = segments.join('/')
    const key = clashKey(segments)
    const seen = this.#seen.get(key)
    if (seen === undefined) {
      this.#seen.set(key, { kind, path })
      return 'first'
    }
    if (seen.path !== path)
      throw new ArchiveError(`is the same file as ${JSON.stringify(seen.path)} on some systems`, name)
    if (seen.kind !== kind) throw new ArchiveError('is there as a file and as a folder', name)
    return 'again'
  }

  /** Of its rights, that it may be executed is all that counts: no set-user-id, no writing by others. */
  async #write(path: string, entry: Entry): Promise<void> {
    const rights = ((entry.header.mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755
    const file = openSync(path, 'wx', rights)
    try {
      for await (const piece of entry as AsyncIterable<Buffer>) {
        for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    // Whatever the umask of the engine is.
    if (process.platform !== 'win32') chmodSync(path, rights)
  }
}

function syncPath(folder: string): void {
  // Windows has no handle on a folder; there the file system does it by itself.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

type EntryKind = 'file' | 'folder'
/** The types of the library leave out the records in front of an entry. */
type EntryHeaders = Headers & { readonly pax?: Readonly<Record<string, string>> | null }

/** @throws {ArchiveError} */
function kindOf({ name, type, size, pax }: EntryHeaders): EntryKind {
  if (type !== 'file' && type !== 'directory') {
    throw new ArchiveError(REFUSED[type ?? ''] ?? 'is neither a file nor a folder', name)
  }
  // A record can say what a header can not: anything.
  if (!Number.isSafeInteger(size) || size! < 0) throw new ArchiveError('has a size that is no number', name)
  if (Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) {
    throw new ArchiveError('is a sparse file', name)
  }
  return type === 'file' ? 'file' : 'folder'
}

/** What zlib and the library say, as a reason; errors of the disk as they are. */
function plainError(error: unknown): unknown {
  if (error instanceof ArchiveError || !(error instanceof Error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  const cause = { cause: error }
  if (code === 'Z_BUF_ERROR' || message === 'Unexpected end of data') {
    return new ArchiveError('breaks off before its end', undefined, cause)
  }
  // The decompressor has ended before its input: it leaves alone what follows the last part of a file.
  if (code === 'ABORT_ERR') return new ArchiveError('goes on behind its end', undefined, cause)
  if (code?.startsWith('Z_') === true) return new ArchiveError('is no gzip file, or a damaged one', undefined, cause)
  if (code === undefined) return new ArchiveError('is no tar archive, or a damaged one', undefined, cause)
  return error
}
