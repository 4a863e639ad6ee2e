// The text of one entry's file: YAML with `id, name, description, value, metadata?` and our `seed` (spec 04 A.9.3).
// The YAML library is loaded with the first file: an engine whose settings nobody touches never pays for it.
import { open } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonValue } from '../../../base/values/json-value.ts'
import type { StoredEntry } from './store.ts'

/** Larger files are skipped. Default 4 MiB: four times what a value may have. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024

export type EntryFile =
  | 'unchanged'
  | { readonly text: string; readonly entry: StoredEntry }
  | { readonly text: string; readonly problem: string }

export async function formatEntry({ id, name, description, value, metadata, seed }: StoredEntry): Promise<string> {
  const { parse, stringify } = await import('yaml')
  const members = {
    id,
    name,
    description,
    value,
    ...(metadata === undefined ? {} : { metadata }),
    ...(seed === undefined ? {} : { seed }),
  }
  const text = stringify(members, { aliasDuplicateObjects: false, lineWidth: 120 })
  // JSON is YAML, for the rare value that the pleasant form does not bring back as it was (a lone surrogate, say).
  if (
    isDeepStrictEqual(
      quietly(() => parse(text) as unknown),
      members,
    )
  )
    return text
  return `${JSON.stringify(members, null, 2)}\n`
}

/** Rejects when the file can't be read. `known` is the text of the last time; what an editor has just emptied counts as unchanged. */
export async function readEntryFile(path: string, id: string, known: string | undefined): Promise<EntryFile> {
  const text = await readBounded(path)
  if (text === known || (text.trim() === '' && known !== undefined)) return 'unchanged'
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { logLevel: 'silent' })
  const [error] = document.errors
  // Its message shows the line, and with it perhaps a secret.
  if (error !== undefined) return { text, problem: `it is not valid YAML (${error.code}${lineOf(error.linePos)})` }
  let content: unknown
  try {
    content = document.toJS()
  } catch {
    return { text, problem: 'it holds a YAML alias that can’t be resolved' }
  }
  const entry = readEntry(content, id)
  return typeof entry === 'string' ? { text, problem: entry } : { text, entry }
}

/** The entry, or what is wrong with it. */
function readEntry(content: unknown, id: string): StoredEntry | string {
  if (!isJsonObject(content)) return 'it must hold a mapping with `id` and `value`'
  const { name = id, description = '', metadata, seed } = content
  if (content['id'] !== id) return `its \`id\` must be ${id}, as the file is named`
  if (!Object.hasOwn(content, 'value')) return 'it has no `value`'
  if (typeof name !== 'string') return '`name` must be a string'
  if (typeof description !== 'string') return '`description` must be a string'
  if (!isJson(content)) return 'it holds something that JSON can’t express'
  return {
    id,
    name,
    description,
    value: content['value'] as JsonValue,
    ...(metadata === undefined ? {} : { metadata }),
    ...(typeof seed === 'string' ? { seed } : {}),
  }
}

/** Dates, infinities and keys that are no text are YAML, but no JSON. */
function isJson(content: JsonValue): boolean {
  return quietly(() => isDeepStrictEqual(JSON.parse(JSON.stringify(content)), content)) === true
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, and at most ${MAX_FILE_BYTES} are read`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function lineOf(position: readonly [{ readonly line: number }, ...unknown[]] | undefined): string {
  return position === undefined ? '' : `, line ${position[0].line}`
}

function quietly<Result>(run: () => Result): Result | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
