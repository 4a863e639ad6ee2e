// Ids of skills (spec 05 A.4): the path of the file without `.md`. Which forms of an id are taken, and in which files a skill may lie.
import type { CodedError } from '../../../protocol/errors.ts'
import { directoryError, shownName } from '../files/directory-error.ts'

export const MAX_ID_CHARACTERS = 1_024

export type FileKind = 'skills' | 'prompts' | 'system-prompts' | 'agents'

const ID = /^[a-z0-9_-]{1,64}(?:\/[a-z0-9_-]{1,64})*$/
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i
/** By which the overview of a folder goes, the one that counts first. */
export const OVERVIEWS = ['index', 'SKILL', 'SKILLS'] as const
const OVERVIEW = /(^|\/)(?:SKILLS?)$/

/** The id as listings show it: without `iii://` and `.md`. @throws CodedError `D112` */
export function readSkillId(given: string): string {
  const text = given.trim()
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme !== undefined && scheme.toLowerCase() !== 'iii') {
    throw invalidId(`${shownName(given)} has the scheme ${scheme}://, and a skill has iii:// or none`)
  }
  const bare = text.slice(scheme === undefined ? 0 : scheme.length + '://'.length)
  const id = bare.replace(/\.md$/, '').replace(OVERVIEW, '$1index')
  if (id.length > MAX_ID_CHARACTERS) {
    throw invalidId(`${shownName(given)} has ${id.length} characters, and ${MAX_ID_CHARACTERS} is the most`)
  }
  if (!ID.test(id)) {
    const rule = "an id is one or more names of 1 to 64 of a-z, 0-9, _ and -, with '/' between them"
    throw invalidId(`${shownName(given)} can't be the id of a skill: ${rule}`)
  }
  return id
}

function invalidId(text: string): CodedError {
  return directoryError('D112', text, { next: ['call directory::skills::list to see the ids that there are'] })
}

/** Ids that a given one may mean: a folder means the overview in it. */
export function meantIds(id: string): readonly string[] {
  return isOverview(id) ? [id] : [id, `${id}/index`]
}

/** Relative paths of the files in which the skill may lie. */
export function pathsOf(id: string): readonly string[] {
  return isOverview(id) ? OVERVIEWS.map((name) => `${id.slice(0, -'index'.length)}${name}.md`) : [`${id}.md`]
}

/** The id of the skill in a file. */
export function idOf(relative: string): string {
  return relative.slice(0, -'.md'.length).replace(OVERVIEW, '$1index')
}

export function isOverview(id: string): boolean {
  return id === 'index' || id.endsWith('/index')
}

/** The first part: the name of a worker, as a rule. */
export function namespaceOf(id: string): string {
  const slash = id.indexOf('/')
  return slash === -1 ? id : id.slice(0, slash)
}

/** What a file is, by the folders in which it lies. */
export function kindOf(relative: string): FileKind {
  const folders = relative.split('/').slice(0, -1)
  return (folders.find((name) => name === 'prompts' || name === 'system-prompts' || name === 'agents') ??
    'skills') as FileKind
}
