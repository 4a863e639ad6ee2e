// When a request that failed is made once more: only where that was asked for (spec 06 B.2). Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { closedMembers, wholeMember } from './rule-members.ts'
import { badInvocation } from './bad-invocation.ts'

export interface RetryRule {
  /** The first one included. */
  readonly attempts: number
  readonly firstMs: number
  readonly longestMs: number
  /** POST and PATCH are repeated, too. */
  readonly nonIdempotent: boolean
}

export const MAX_ATTEMPTS = 10
export const DEFAULT_FIRST_MS = 200
export const DEFAULT_LONGEST_MS = 5_000
const MAX_WAIT_MS = 60_000

/** Answers that say: not now. Others are the endpoint's word. */
export const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Throws CodedError `invalid_invocation`. */
export function readRetryRule(written: unknown): RetryRule {
  if (!isRecord(written))
    throw badInvocation(`retry must be an object such as { attempts: 3 }, not ${shownValue(written)}`)
  closedMembers(written, 'retry', ['attempts', 'backoff_ms', 'max_backoff_ms', 'non_idempotent'])
  const nonIdempotent = written['non_idempotent'] ?? false
  if (typeof nonIdempotent !== 'boolean')
    throw badInvocation(`retry.non_idempotent must be true or false, not ${shownValue(nonIdempotent)}`)
  return {
    attempts: wholeMember(written, 'retry', 'attempts', { least: 1, most: MAX_ATTEMPTS }),
    firstMs: wholeMember(written, 'retry', 'backoff_ms', { least: 0, most: MAX_WAIT_MS, initial: DEFAULT_FIRST_MS }),
    longestMs: wholeMember(written, 'retry', 'max_backoff_ms', {
      least: 0,
      most: MAX_WAIT_MS,
      initial: DEFAULT_LONGEST_MS,
    }),
    nonIdempotent,
  }
}
