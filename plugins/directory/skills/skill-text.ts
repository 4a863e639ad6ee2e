// What the file of a skill says of it (spec 05 A.4), and whether a text can be one.
import { Buffer } from 'node:buffer'
import { MAX_FILE_BYTES } from '../files/bounds.ts'
import { directoryError } from '../files/directory-error.ts'
import { partMarkdown } from '../../../kit/registry/frontmatter.ts'
import { firstParagraph, headingOf, textMember } from '../files/front-matter.ts'
import { tooLong } from '../files/markdown-folder.ts'

/** A skill in a listing. */
export interface SkillRow {
  readonly id: string
  readonly title: string
  readonly type: string | null
  readonly function_id: string | null
  readonly description: string
}

export interface SkillText extends SkillRow {
  /** Without frontmatter. */
  readonly body: string
}

export async function readSkillText(id: string, text: string): Promise<SkillText> {
  const { front, body } = await partMarkdown(text)
  return {
    id,
    title: textMember(front, 'title') ?? textMember(front, 'name') ?? headingOf(body) ?? id,
    type: textMember(front, 'type') ?? null,
    function_id: textMember(front, 'function_id') ?? null,
    description: textMember(front, 'description') ?? firstParagraph(body),
    body,
  }
}

/** Of any file that is written. @param of such as `skill "a/b"` @throws CodedError `D213` */
export function checkSize(of: string, content: string): void {
  const bytes = Buffer.byteLength(content)
  if (bytes > MAX_FILE_BYTES) throw directoryError('D213', `the content of ${of} is too long: ${tooLong(bytes)}`)
}

/** @throws CodedError `D213` */
export function checkBody(of: string, body: string): void {
  if (body.trim() !== '') return
  throw directoryError('D213', `the content of ${of} is empty: there must be text behind the frontmatter`)
}
