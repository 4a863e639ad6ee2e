// A Markdown file in its two parts: the YAML between two lines of `---` at its start, and the text (spec 05 A.4).
import { isRecord } from '../../../base/values/is-record.ts'
import { MAX_DESCRIPTION_CHARACTERS, MAX_FRONT_MATTER_CHARACTERS, MAX_MEMBER_CHARACTERS } from './bounds.ts'

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

/** The member as one line of text; undefined when it is not there, or nothing that can be shown. */
export function textMember(front: FrontMatter | undefined, member: string): string | undefined {
  const value = front?.[member]
  const limit = member === 'description' ? MAX_DESCRIPTION_CHARACTERS : MAX_MEMBER_CHARACTERS
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return undefined
  const text = value.replaceAll(/\s+/g, ' ').trim()
  return text === '' ? undefined : cut(text, limit)
}

/** The first heading of the first level. */
export function headingOf(body: string): string | undefined {
  const line = /^#[ \t]+(\S.*)$/m.exec(body)?.[1]
  if (line === undefined) return undefined
  // `# Heading #` is closed by a mark that is no part of it.
  const text = cut(line.slice(0, 2 * MAX_MEMBER_CHARACTERS).trim(), MAX_MEMBER_CHARACTERS)
  return text.replace(/[ \t]+#{1,6}$/, '')
}

/** The first paragraph on one line; headings are none. Empty where there is none. */
export function firstParagraph(body: string): string {
  let text = ''
  for (let at = 0; at < body.length && text.length <= MAX_DESCRIPTION_CHARACTERS;) {
    const lineEnd = body.indexOf('\n', at)
    const line = body.slice(at, lineEnd === -1 ? body.length : lineEnd).trim()
    at = lineEnd === -1 ? body.length : lineEnd + 1
    const isText = line !== '' && !/^#{1,6}(?:[ \t]|$)/.test(line)
    if (isText) text += text === '' ? line : ` ${line}`
    else if (text !== '') break
  }
  return cut(text, MAX_DESCRIPTION_CHARACTERS)
}

function cut(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters - 1).trimEnd()}…` : text
}
