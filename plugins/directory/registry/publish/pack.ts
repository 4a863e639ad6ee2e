// Packs a worker's folder into an archive that has the same bytes whenever its files do: sorted, without times and owners. It keeps to what
// is taken when a bundle is installed (spec 05 B.5).
import { createHash } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { constants, createGzip } from 'node:zlib'
import { pack as packer } from 'tar-stream'
import { bytesText, countText } from '../../../../base/values/amount-text.ts'
import { Mistake } from '../../../../kit/commands/mistake.ts'
import { isIgnored } from './ignored.ts'

export const MAX_BUNDLE_BYTES = 64 * 1024 * 1024
export const MAX_BUNDLE_FILE_BYTES = 32 * 1024 * 1024
export const MAX_BUNDLE_FILES = 1_024
export const MAX_BUNDLE_DEPTH = 16

export interface PackedBundle {
  readonly archive: Buffer
  /** Small hex letters. */
  readonly sha256: string
  readonly files: number
  /** Unpacked. */
  readonly bytes: number
}

/** @param except absolute paths that are left out too @throws Mistake for what no bundle may hold */
export async function packFolder(folder: string, except: ReadonlySet<string>): Promise<PackedBundle> {
  const paths = await filesBelow(folder, except)
  if (paths.length > MAX_BUNDLE_FILES)
    throw new Mistake(
      `The folder has ${countText(paths.length)} files, and a bundle may have ${countText(MAX_BUNDLE_FILES)}`,
      'Bundle the code into few files, and publish the folder with these.',
    )
  const tar = packer()
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION })
  const parts: Buffer[] = []
  const written = (async () => {
    for await (const part of tar.pipe(gzip) as AsyncIterable<Buffer>) parts.push(part)
  })()
  let bytes = 0
  for (const path of paths) {
    const { content, mode } = await readFileOf(join(folder, path), path)
    bytes += content.length
    if (bytes > MAX_BUNDLE_BYTES)
      throw new Mistake(`The files have more than ${bytesText(MAX_BUNDLE_BYTES)} together`, 'Leave some of them out.')
    const header = { name: path, size: content.length, mode, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }
    await new Promise<void>((resolve, reject) =>
      tar.entry(header, content, (error) => (error == null ? resolve() : reject(error))),
    )
  }
  tar.finalize()
  await written
  const archive = Buffer.concat(parts)
  return { archive, sha256: createHash('sha256').update(archive).digest('hex'), files: paths.length, bytes }
}

/** Sorted, relative, with `/`. */
async function filesBelow(folder: string, except: ReadonlySet<string>): Promise<string[]> {
  const paths: string[] = []
  const walk = async (at: string, depth: number): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      if (isIgnored(entry.name) || except.has(path)) continue
      const shown = relative(folder, path).replaceAll('\\', '/')
      if (entry.isDirectory()) {
        if (depth === MAX_BUNDLE_DEPTH)
          throw new Mistake(`${shown} lies deeper than ${MAX_BUNDLE_DEPTH} folders`, 'Put it further up.')
        await walk(path, depth + 1)
      } else if (entry.isFile()) paths.push(shown)
      else
        throw new Mistake(
          `${shown} is neither a file nor a folder`,
          'A bundle holds nothing else: replace a link by what it leads to.',
        )
    }
  }
  await walk(folder, 1)
  return paths.sort((one, other) => (one < other ? -1 : 1))
}

async function readFileOf(file: string, shown: string): Promise<{ readonly content: Buffer; readonly mode: number }> {
  const handle = await open(file, 'r')
  try {
    const { size, mode } = await handle.stat()
    if (size > MAX_BUNDLE_FILE_BYTES)
      throw new Mistake(`${shown} has more than ${bytesText(MAX_BUNDLE_FILE_BYTES)}`, 'Leave it out.')
    return { content: await handle.readFile(), mode: (mode & 0o111) === 0 ? 0o644 : 0o755 }
  } finally {
    await handle.close()
  }
}
