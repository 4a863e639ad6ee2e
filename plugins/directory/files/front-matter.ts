// What is shown of a Markdown file: members of its frontmatter, its first heading and paragraph (spec 05 A.4).
import type { FrontMatter } from '../../../kit/registry/frontmatter.ts'
import { MAX_DESCRIPTION_CHARACTERS, MAX_MEMBER_CHARACTERS } from './bounds.ts'

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
