// The files that a download brings, checked as a whole before the first of them is written (spec 05 A.4).
import type * as Yaml from 'yaml'
import { Buffer } from 'node:buffer'
import { bytesText } from '../../../../base/values/amount-text.ts'
import { MAX_FILE_BYTES } from '../../files/bounds.ts'
import { directoryError, shownName } from '../../files/directory-error.ts'
import { partMarkdown } from '../../../../kit/registry/frontmatter.ts'
import { textMember } from '../../files/front-matter.ts'
import { readProfile } from '../../agents/profile-library.ts'
import type { Notices } from '../../files/notices.ts'
import type { PublishedSkills } from '../place.ts'
import { type FileKind, kindOf, MAX_ID_CHARACTERS } from '../skill-id.ts'

export interface SetFile {
  /** Below the folder of the namespace, with `/`. */
  readonly path: string
  readonly text: string
}

export interface CheckedFile extends SetFile {
  readonly kind: FileKind
  /** Of a prompt or profile: what it is found by. */
  readonly name: string
}

/** Files of one download. */
export const MAX_SET_FILES = 1_000
/** Bytes of all of them. */
export const MAX_SET_BYTES = 16 * 1024 * 1024

const NAME = /^[a-z0-9_-]{1,64}$/
const PATH = /^(?:[a-z0-9_-]{1,64}\/)*(?:[a-z0-9_-]{1,64}|SKILLS?)\.md$/

/** What a registry has of a worker, as files. @throws CodedError `D311` */
export async function registryFiles(worker: string, { name, skills, prompts }: PublishedSkills): Promise<SetFile[]> {
  const { stringify } = await import('yaml')
  if (name !== worker) {
    throw directoryError(
      'D311',
      `the registry was asked for the skills of ${shownName(worker)} and sent those of ${shownName(String(name))}`,
    )
  }
  return [
    ...skills.map(({ path, content }) => ({ path, text: content })),
    ...prompts.map((prompt) => ({ path: `prompts/${prompt.name}.md`, text: promptText(prompt, stringify) })),
  ]
}

function promptText(
  { name, description, args_schema: schema, content }: PublishedSkills['prompts'][number],
  stringify: typeof Yaml.stringify,
): string {
  const hasSchema = schema !== undefined && schema !== null
  const front = { name, description: description || name, ...(hasSchema && { args_schema: schema }) }
  return `---\n${stringify(front, { lineWidth: 0 })}---\n\n${content}`
}

/**
 * Those that are written. One that leads out of the folder, is too long or empty refuses all; other names than those of skills, and
 * prompts and profiles that would not be listed, are left out.
 * @throws CodedError `D311`
 */
export async function checkFiles(
  namespace: string,
  files: readonly SetFile[],
  notices: Notices,
): Promise<CheckedFile[]> {
  if (files.length > MAX_SET_FILES) {
    throw directoryError('D311', `${namespace} has ${files.length} files of skills, and ${MAX_SET_FILES} is the most`)
  }
  let bytes = 0
  const checked = new Map<string, CheckedFile>()
  for (const { path, text } of files) {
    checkPath(namespace, path)
    bytes += checkText(namespace, path, text)
    const id = path.slice(0, -'.md'.length)
    if (!PATH.test(path) || namespace.length + 1 + id.length > MAX_ID_CHARACTERS) {
      notices.skipped(`${namespace}/${path}`, 'no skill can have such a name')
      continue
    }
    if (checked.has(path)) throw directoryError('D311', `${namespace} has ${shownName(path)} twice`)
    const name = await nameOf(namespace, path, text, notices)
    if (name !== undefined) checked.set(path, { path, text, kind: kindOf(path), name })
  }
  if (bytes > MAX_SET_BYTES) {
    throw directoryError(
      'D311',
      `the skills of ${namespace} have ${bytes} bytes, and ${bytesText(MAX_SET_BYTES)} is the most`,
    )
  }
  return [...checked.values()].sort((one, other) => (one.path < other.path ? -1 : 1))
}

function checkPath(namespace: string, path: unknown): asserts path is string {
  const isInside =
    typeof path === 'string' &&
    path !== '' &&
    !/^(?:[/\\]|[A-Za-z]:)/.test(path) &&
    // eslint-disable-next-line no-control-regex
    !/[\u0000-\u001F\\]/.test(path) &&
    !path.split('/').some((name) => name === '..')
  if (isInside) return
  throw directoryError(
    'D311',
    `${namespace} has a file ${shownName(String(path))}, which does not lie in its folder: nothing was written`,
  )
}

function checkText(namespace: string, path: string, text: unknown): number {
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : 0
  const problem =
    typeof text !== 'string'
      ? 'is no text'
      : text.trim() === ''
        ? 'is empty'
        : bytes > MAX_FILE_BYTES
          ? `has ${bytes} bytes, and ${bytesText(MAX_FILE_BYTES)} is the most`
          : undefined
  if (problem === undefined) return bytes
  throw directoryError('D311', `the file ${shownName(path)} of ${namespace} ${problem}: nothing was written`)
}

/** undefined: it would not be listed. */
async function nameOf(namespace: string, path: string, text: string, notices: Notices): Promise<string | undefined> {
  const stem = path.slice(path.lastIndexOf('/') + 1, -'.md'.length)
  const kind = kindOf(path)
  const { front, body } = await partMarkdown(text)
  if (body.trim() === '') {
    throw directoryError(
      'D311',
      `the file ${shownName(path)} of ${namespace} has nothing but frontmatter: nothing was written`,
    )
  }
  if (kind === 'skills') return stem
  if (kind === 'agents') {
    const isProfile = /^agents\/[^/]+$/.test(path) && NAME.test(stem) && (await isReadable(stem, text))
    if (!isProfile) notices.skipped(`${namespace}/${path}`, 'it is no profile of an agent')
    return isProfile ? stem : undefined
  }
  const name = textMember(front, 'name') ?? stem
  if (textMember(front, 'description') !== undefined && NAME.test(name)) return name
  notices.skipped(
    `${namespace}/${path}`,
    'it is no prompt: its frontmatter has no description, or a name that none has',
  )
  return undefined
}

async function isReadable(id: string, text: string): Promise<boolean> {
  return readProfile(id, text).then(
    () => true,
    () => false,
  )
}
