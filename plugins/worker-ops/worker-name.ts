// What a worker may be called (spec 05 B.3): its name is also that of folders.
import { shownValue } from '../../base/values/shown-value.ts'
import { WorkerOpError } from './errors.ts'

const CHARACTERS = /^[A-Za-z0-9._-]+$/
/** Longer ones are no names of folders everywhere. */
export const MAX_NAME_CHARACTERS = 128

/** Why this is no name; undefined = it is one. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.length > MAX_NAME_CHARACTERS) return `it has more than ${MAX_NAME_CHARACTERS} characters`
  if (name.startsWith('.')) return 'it begins with a dot'
  if (name.includes('..')) return "it contains '..'"
  if (!CHARACTERS.test(name)) return 'it has other characters than letters, digits, `.`, `_` and `-`'
  return undefined
}

/** @throws W100 */
export function checkName(name: string): string {
  const reason = nameProblem(name)
  if (reason === undefined) return name
  const shown = shownValue(name.slice(0, MAX_NAME_CHARACTERS))
  throw new WorkerOpError(
    'W100',
    `${shown} is no name of a worker: ${reason}. Use letters, digits, '.', '_' and '-'.`,
    {
      name,
      reason,
    },
  )
}
