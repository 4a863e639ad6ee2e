// The block of YAML between two lines `---` at the beginning of a Markdown file. `yaml` is loaded when there is one.
import { isRecord } from '../../base/values/is-record.ts'

export interface Frontmatter {
  readonly fields: Readonly<Record<string, unknown>>
  /** What follows the block. */
  readonly body: string
}

/** A longer block is none: reading it would keep the thread busy. */
export const MAX_BLOCK_CHARACTERS = 16 * 1024

const BLOCK = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?:\r?\n)?---[ \t]*(?:\r?\n|$)/

/** Without a block, or with one that is no YAML of an object, all of the text is the body. */
export async function readFrontmatter(text: string): Promise<Frontmatter> {
  const found = BLOCK.exec(text)
  if (found === null || found[0].length > MAX_BLOCK_CHARACTERS) return { fields: {}, body: text }
  const { parse } = await import('yaml')
  try {
    const fields: unknown = parse(found[1] ?? '', { maxAliasCount: 0 })
    if (isRecord(fields)) return { fields, body: text.slice(found[0].length) }
  } catch {
    // Said by nobody: a skill with a broken block is one without it (spec 05 A.4).
  }
  return { fields: {}, body: text }
}
