// What goes wrong with a registry (spec 05 A.3): one of the codes D310, D311 and D320, and a sentence that begins with it, so that clients
// which read the code and clients which read the text both know.
import { CodedError } from '../../protocol/errors.ts'

/** `not-found`: no such worker or version; `graph`: dependencies that can not be met; `too-large`: more than a limit. */
export type RegistryFailure = 'not-found' | 'invalid' | 'unreachable' | 'graph' | 'too-large'

const TOKENS = {
  'not-found': ['D310', 'not_found'],
  invalid: ['D311', 'invalid'],
  graph: ['D311', 'graph'],
  'too-large': ['D320', 'too_large'],
  unreachable: ['D320', 'unreachable'],
} as const satisfies Record<RegistryFailure, readonly [code: string, token: string]>

export interface RegistryErrorOptions extends ErrorOptions {
  /** Names that may have been meant. */
  readonly suggestions?: readonly string[]
  /** What may be done next: `call f to see which there are`. */
  readonly next?: string
}

export class RegistryError extends CodedError {
  readonly kind: RegistryFailure
  readonly suggestions: readonly string[]

  /** @param problem a whole sentence */
  constructor(
    kind: RegistryFailure,
    problem: string,
    { suggestions = [], next, ...options }: RegistryErrorOptions = {},
  ) {
    const [code, token] = TOKENS[kind]
    const meant = suggestions.length === 0 ? '' : ` Did you mean: ${suggestions.join(', ')}.`
    super(code, `${code} ${token}: ${problem}${meant}${next === undefined ? '' : ` Next: ${next}.`}`, options)
    this.kind = kind
    this.suggestions = suggestions
  }
}

/** Functions that help on, as they are called on the wire. */
export const NEXT = {
  list: 'call directory::registry::workers::list to see which workers there are',
  info: 'call directory::registry::workers::info without a version to see the latest one',
} as const
