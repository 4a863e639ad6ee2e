// When an endpoint that keeps failing is left alone for a while. Pure.
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { badInvocation } from './bad-invocation.ts'
import { closedMembers, wholeMember } from './rule-members.ts'

export interface CircuitRule {
  /** Failures one after the other that open it. */
  readonly failures: number
  /** How long it stays open before one request is tried. */
  readonly openMs: number
}

export const DEFAULT_OPEN_MS = 10_000
const MAX_FAILURES = 10_000
const MAX_OPEN_MS = 3_600_000

/** Throws CodedError `invalid_invocation`. */
export function readCircuitRule(written: unknown): CircuitRule {
  if (!isRecord(written))
    throw badInvocation(`circuit_breaker must be an object such as { failures: 5 }, not ${shownValue(written)}`)
  closedMembers(written, 'circuit_breaker', ['failures', 'open_ms'])
  return {
    failures: wholeMember(written, 'circuit_breaker', 'failures', { least: 1, most: MAX_FAILURES }),
    openMs: wholeMember(written, 'circuit_breaker', 'open_ms', {
      least: 1,
      most: MAX_OPEN_MS,
      initial: DEFAULT_OPEN_MS,
    }),
  }
}
