// Writes the first files of something new into a folder, and leaves alone what is there; reads a template from a folder of the user's.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Texts or bytes by path, with `/`, relative to the folder that they are written into. */
export type ScaffoldFiles = ReadonlyMap<string, string | Uint8Array>

export interface Scaffolded {
  /** In the order of the files. */
  readonly written: readonly string[]
  /** Were there, and stay as they were. */
  readonly kept: readonly string[]
}

/** Of a template: more is no template but a mistake in the path. */
export const TEMPLATE_FILES_MAX = 500
export const TEMPLATE_FILE_BYTES_MAX = 1 << 20

/** Folders of a template that are made anew by whoever uses it. */
const NOT_COPIED: ReadonlySet<string> = new Set(['.git', 'node_modules', 'target', '__pycache__', '.venv'])

/** Makes folders as needed. A file that is there is kept, even one that appears in this moment. */
export async function scaffold(folder: string, files: ScaffoldFiles): Promise<Scaffolded> {
  const written: string[] = []
  const kept: string[] = []
  for (const [name, content] of files) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    try {
      await writeFile(file, content, { flag: 'wx' })
      written.push(name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      kept.push(name)
    }
  }
  return { written, kept }
}

/**
 * The files of a folder. In paths and texts each `{{NAME}}` of `values` is replaced.
 * @throws Error that says what is too much, or no plain file.
 */
export async function readTemplate(
  folder: string,
  values: Readonly<Record<string, string>>,
): Promise<Map<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>()
  const replaced = (text: string): string =>
    text.replace(/\{\{\s*(\w+)\s*\}\}/g, (written, name: string) =>
      Object.hasOwn(values, name) ? values[name]! : written,
    )
  const read = async (relative: string): Promise<void> => {
    const entries = await readdir(path.join(folder, relative), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) {
        if (!NOT_COPIED.has(entry.name)) await read(name)
        continue
      }
      // A link could lead to whatever its author wished to see copied.
      if (!entry.isFile()) throw new Error(`${path.join(folder, name)} is neither a file nor a folder`)
      if (files.size === TEMPLATE_FILES_MAX) throw new Error(`${folder} has more than ${TEMPLATE_FILES_MAX} files`)
      files.set(replaced(name), await contentOf(path.join(folder, name), replaced))
    }
  }
  await read('')
  return files
}

async function contentOf(file: string, replaced: (text: string) => string): Promise<string | Uint8Array> {
  const { size } = await stat(file)
  if (size > TEMPLATE_FILE_BYTES_MAX) throw new Error(`${file} has more than ${TEMPLATE_FILE_BYTES_MAX} bytes`)
  const bytes = await readFile(file)
  try {
    return replaced(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return bytes
  }
}

/** What keeps a folder from being taken as empty, without hidden files; nothing where there is no folder. */
export async function contentsOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** `a, b, c, d, e and 3 more` */
export function firstNames(names: readonly string[], count = 5): string {
  const more = names.length - count
  return `${names.slice(0, count).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
