// Members of an auth function's result that mean nothing. They are ignored (spec 04 B.3), but a mistyped `forbidden_functions` forbids
// nothing: each is named once, for the operator.
import { didYouMean } from '../../base/values/closest-name.ts'
import { isRecord } from '../../base/values/is-record.ts'
import { AUTH_RESULT_MEMBERS } from './auth-result.ts'

/** Names that are told, of all auth functions together; further ones are not. */
export const MAX_TOLD = 20
/** Characters of a name that are looked at and shown. */
const MAX_SHOWN = 80

export class IgnoredMembers {
  readonly #warn: (message: string) => void
  readonly #told = new Set<string>()

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  /** Of one more result. */
  look(functionId: string, result: unknown): void {
    if (!isRecord(result)) return
    for (const name of Object.keys(result)) {
      if (this.#told.size >= MAX_TOLD) return
      if (AUTH_RESULT_MEMBERS.has(name)) continue
      const shown = name.slice(0, MAX_SHOWN)
      const told = JSON.stringify([functionId, shown])
      if (this.#told.has(told)) continue
      this.#told.add(told)
      const meant = didYouMean(shown, AUTH_RESULT_MEMBERS)
      this.#warn(`the auth function '${functionId}' returns '${shown}', which means nothing and is ignored.${meant}`)
    }
  }
}
