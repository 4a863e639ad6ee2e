// A Markdown file in its two parts: the YAML between two lines of `---` at its start, and the text (spec 05 A.4). Anybody may have written it:
// what it holds takes no longer to read than its length says. `yaml` is loaded when there is some.
import { isRecord } from '../../base/values/is-record.ts'

/** Longer frontmatter counts as none. */
export const MAX_FRONT_MATTER_CHARACTERS = 16 * 1024

export interface MarkdownParts {
  /** undefined: there is none, or it can't be read. */
  readonly front: FrontMatter | undefined
  /** Why it can't be read. */
  readonly problem: string | undefined
  /** Without the frontmatter. */
  readonly body: string
}

export type FrontMatter = Readonly<Record<string, unknown>>

const START = /^\uFEFF?---[ \t]*\r?\n/
const END = /^---[ \t]*(?:\r?\n|$)/m
/** Aliases make a short text a large value. */
const MAX_ALIASES = 20

/** `? key`, which no frontmatter has: some of them in one another take the YAML reader minutes. */
const EXPLICIT_KEY = /(?:^[ \t]*(?:[-?:][ \t]+)*|[[{,][ \t]*)\?(?:[ \t\r\n]|$)/m
/** Lists and maps in brackets. */
const MAX_BRACKETS = 500

export async function partMarkdown(text: string): Promise<MarkdownParts> {
  const start = START.exec(text)
  if (start === null) return { front: undefined, problem: undefined, body: text.replace(/^\uFEFF/, '') }
  const rest = text.slice(start[0].length)
  const end = END.exec(rest)
  if (end === null) return { front: undefined, problem: 'its frontmatter has no end', body: text }
  const body = rest.slice(end.index + end[0].length).replace(/^(?:[ \t]*\r?\n)+/, '')
  if (end.index > MAX_FRONT_MATTER_CHARACTERS) {
    const problem = `its frontmatter is longer than ${MAX_FRONT_MATTER_CHARACTERS} characters`
    return { front: undefined, problem, body }
  }
  return { ...(await readYaml(rest.slice(0, end.index))), body }
}

async function readYaml(text: string): Promise<Pick<MarkdownParts, 'front' | 'problem'>> {
  if (EXPLICIT_KEY.test(text) || (text.match(/[[{]/g)?.length ?? 0) > MAX_BRACKETS) {
    return { front: undefined, problem: 'its frontmatter is more than names and values' }
  }
  const { parse } = await import('yaml')
  try {
    const value: unknown = parse(text, { logLevel: 'silent', maxAliasCount: MAX_ALIASES })
    if (value === null) return { front: {}, problem: undefined }
    if (isRecord(value)) return { front: value, problem: undefined }
    return { front: undefined, problem: 'its frontmatter is no map' }
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n')
    return { front: undefined, problem: `its frontmatter is no YAML: ${line}` }
  }
}
