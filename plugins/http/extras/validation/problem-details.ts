// The answer to a request that does not fit: problem details (RFC 9457).
import type { Answer } from '../../response/answer.ts'

/** One thing that is wrong. */
export interface RequestFault {
  /** JSON pointer into the request as its function gets it: `/body/name`, `/query_params/page`. */
  readonly pointer: string
  /** Keyword of the schema, such as `required` or `type`. */
  readonly rule: string
  readonly message: string
}

/** Faults that an answer lists; further ones are counted. */
export const MAX_LISTED_FAULTS = 20

/** `json`: the body is no JSON, though it is needed. `request`: it, or something else of the request, does not fit. */
export type FaultKind = 'json' | 'request'

/** To a request of which it can't be said whether it fits. */
export function notCheckedAnswer(reason: string): Answer {
  return problemAnswer('request', [{ pointer: '', rule: 'check', message: `could not be checked: ${reason}` }])
}

export function problemAnswer(kind: FaultKind, faults: readonly RequestFault[]): Answer {
  const status = kind === 'json' ? 400 : 422
  const further = faults.length - MAX_LISTED_FAULTS
  const body = {
    type: kind === 'json' ? 'urn:iii:problem:body-not-json' : 'urn:iii:problem:invalid-request',
    title:
      kind === 'json' ? 'The body is not JSON' : 'The request does not fit the format of the function that answers it',
    status,
    ...(further > 0 && { detail: `${further} further errors are not listed` }),
    errors: faults.slice(0, MAX_LISTED_FAULTS),
  }
  return { status, headers: [['content-type', 'application/problem+json']], body: JSON.stringify(body) }
}
