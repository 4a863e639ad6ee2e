// Reads the files of a registry folder, each up to a size: a registry may have been filled by anybody.
import { constants } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isRecord } from '../../base/values/is-record.ts'
import { RegistryError } from './registry-error.ts'

/** Of `worker.json`, `version.json` and `README.md`. */
export const MAX_FILE_BYTES = 1024 * 1024
/** Of a skill or prompt. */
export const MAX_SKILL_BYTES = 256 * 1024
/** Of all skills of a version. */
export const MAX_SKILLS_BYTES = 8 * 1024 * 1024
export const MAX_SKILL_FILES = 512
export const MAX_SKILL_DEPTH = 16

/** The text; undefined where there is no such file. @throws RegistryError `too-large` above `maxBytes` */
export async function readText(file: string, maxBytes: number): Promise<string | undefined> {
  let handle
  try {
    // A pipe in the place of a file would otherwise wait for a writer.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw unreadable(file, error)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) return undefined
    if (stats.size > maxBytes)
      throw new RegistryError('too-large', `${file} has ${stats.size} bytes, more than ${maxBytes}. Make it smaller.`)
    return await handle.readFile('utf8')
  } catch (error) {
    throw error instanceof RegistryError ? error : unreadable(file, error)
  } finally {
    await handle.close()
  }
}

/** The object in a JSON file; undefined where there is no such file. @throws RegistryError `invalid` */
export async function readJsonObject(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readText(file, MAX_FILE_BYTES)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RegistryError('invalid', `${file} is no JSON: ${(error as Error).message}. Correct it.`, { cause: error })
  }
  if (isRecord(value)) return value
  throw new RegistryError('invalid', `${file} must hold a JSON object. Correct it.`)
}

/** The names of folders in a folder, links to folders included; none where there is no such folder. */
export async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name)
  } catch (error) {
    if (isAbsent(error)) return []
    throw unreadable(folder, error)
  }
}

/** @throws RegistryError `unreachable` */
export async function mustBeFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined)
  if (stats?.isDirectory() === true) return
  throw new RegistryError('unreachable', `there is no registry folder ${folder}. Correct the address, or make it.`)
}

/** The `.md` files below a folder, by their path with `/`, sorted. Links are not followed. */
export async function markdownBelow(folder: string): Promise<{ readonly path: string; readonly content: string }[]> {
  const files: { path: string; content: string }[] = []
  let bytes = 0
  const walk = async (at: string, depth: number): Promise<void> => {
    if (depth > MAX_SKILL_DEPTH) return
    const entries = await readdir(at, { withFileTypes: true }).catch((error: unknown) => {
      if (isAbsent(error)) return []
      throw unreadable(at, error)
    })
    for (const entry of entries) {
      const path = join(at, entry.name)
      if (entry.isDirectory()) await walk(path, depth + 1)
      if (!entry.isFile() || !entry.name.endsWith('.md')) continue
      const content = (await readText(path, MAX_SKILL_BYTES)) ?? ''
      bytes += content.length
      if (files.length >= MAX_SKILL_FILES || bytes > MAX_SKILLS_BYTES)
        throw new RegistryError(
          'too-large',
          `${folder} has more than ${MAX_SKILL_FILES} files or ${MAX_SKILLS_BYTES} bytes. Leave some out.`,
        )
      files.push({ path: relative(folder, path).replaceAll('\\', '/'), content })
    }
  }
  await walk(folder, 0)
  return files.sort((one, other) => (one.path < other.path ? -1 : 1))
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function unreadable(path: string, error: unknown): RegistryError {
  return new RegistryError('unreachable', `${path} can't be read: ${(error as Error).message}.`, { cause: error })
}
