// What in an auth function's result means nothing: a member that there is not, and a pattern where ids are exact. Both are allowed (spec 04 B.3),
// but a mistyped `forbidden_functions`, and `todos::*` in it, forbid nothing: each is named once, for the operator.
import { didYouMean } from '../../base/values/closest-name.ts'
import { isRecord } from '../../base/values/is-record.ts'
import { AUTH_RESULT_MEMBERS } from './auth-result.ts'

/** Oddities that are told, of all auth functions together; further ones are not. */
export const MAX_TOLD = 20
/** Characters of a name that are looked at and shown. */
const MAX_SHOWN = 80
const EXACT_IDS = ['allowed_functions', 'forbidden_functions'] as const

export class AuthOddities {
  readonly #warn: (message: string) => void
  readonly #told = new Set<string>()

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  /** Of one more result. */
  look(functionId: string, result: unknown): void {
    if (!isRecord(result) || this.#told.size >= MAX_TOLD) return
    for (const name of Object.keys(result)) {
      if (AUTH_RESULT_MEMBERS.has(name)) continue
      const shown = name.slice(0, MAX_SHOWN)
      this.#tell(
        functionId,
        `returns '${shown}', which means nothing and is ignored.${didYouMean(shown, AUTH_RESULT_MEMBERS)}`,
      )
    }
    for (const member of EXACT_IDS)
      for (const id of patternsIn(result[member]))
        this.#tell(
          functionId,
          `returns '${id.slice(0, MAX_SHOWN)}' in '${member}', where ids are exact: no other id is meant.`,
        )
  }

  #tell(functionId: string, oddity: string): void {
    const message = `the auth function '${functionId}' ${oddity}`
    if (this.#told.size >= MAX_TOLD || this.#told.has(message)) return
    this.#told.add(message)
    this.#warn(message)
  }
}

function patternsIn(ids: unknown): string[] {
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string' && id.includes('*')) : []
}
