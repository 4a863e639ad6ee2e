// Errors of skills, prompts and profiles: a code, and a sentence of the form that clients of iii read (spec 05 A.4):
// `<code> <class>: <text>.[ Did you mean: a, b.][ Next: call f to w; or call g to w2.]`.
import { closestName } from '../../../base/values/closest-name.ts'
import { LetterCounts } from '../../../base/values/letter-counts.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { DirectoryErrorCode } from '../skills/about-skills.ts'

const CLASSES: Readonly<Record<DirectoryErrorCode | 'D310' | 'D311' | 'D320', string>> = {
  D110: 'not_found',
  D112: 'invalid_id',
  D114: 'exists',
  D115: 'reserved_id',
  D116: 'read_only',
  D210: 'not_found',
  D212: 'invalid_name',
  D213: 'invalid_content',
  D214: 'exists',
  D310: 'not_found',
  D311: 'invalid_input',
  D320: 'unreachable',
  D410: 'not_found',
  D412: 'invalid_id',
  D414: 'exists',
  D900: 'storage',
}

export interface ErrorHints {
  /** What may have been meant. */
  readonly meant?: readonly string[]
  /** `call f to w` or another thing to do, without a full stop. */
  readonly next?: readonly string[]
  readonly cause?: unknown
}

/** @param text a sentence without its full stop */
export function directoryError(code: keyof typeof CLASSES, text: string, hints: ErrorHints = {}): CodedError {
  const { meant = [], next = [], cause } = hints
  const parts = [`${code} ${CLASSES[code]}: ${text}.`]
  if (meant.length > 0) parts.push(`Did you mean: ${meant.join(', ')}.`)
  if (next.length > 0) parts.push(`Next: ${next.join('; or ')}.`)
  return new CodedError(code, parts.join(' '), cause === undefined ? undefined : { cause })
}

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  EACCES: 'give the engine the right to use it',
  EPERM: 'give the engine the right to use it',
  EROFS: 'make the file system writable, or set another folder in the settings of iii-directory',
  ENOSPC: 'make room on the disk',
  EDQUOT: 'make room on the disk',
  ENOTDIR: 'move away the file that is in the place of a folder',
  EISDIR: 'move away the folder that is in the place of a file',
  EEXIST: 'move away what is in the place of a folder',
}

/** What the disk refused. @param doing such as `skill "a/b" can't be written` */
export function storageError(doing: string, cause: unknown): CodedError {
  if (cause instanceof CodedError) return cause
  const { code = 'unknown', message } = cause as NodeJS.ErrnoException
  return directoryError('D900', `${doing}: ${message}`, {
    next: [WHAT_TO_DO[code] ?? 'look at the folder that is named, and try again'],
    cause,
  })
}

const MAX_SHOWN = 80
/** A longer name is not compared with others. */
const MAX_COMPARED = 128
const MAX_CANDIDATES = 5_000
const MAX_MEANT = 3

/** A name from outside, in quotes, on one line, and not too long. */
export function shownName(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name)
}

/** The names that are nearest to one that was not found; the closest first. */
export function nearNames(name: string, names: readonly string[]): string[] {
  if (name.length > MAX_COMPARED) return []
  const { leastEdits } = new LetterCounts(name.toLowerCase())
  const found = new Set<string>()
  const candidates = names.slice(0, MAX_CANDIDATES)
  while (found.size < MAX_MEANT) {
    const next = closestName(name, candidates, { may: (candidate) => !found.has(candidate), leastEdits })
    if (next === undefined) break
    found.add(next)
  }
  return [...found]
}
