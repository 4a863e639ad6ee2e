// Whether a request that failed is made once more, and after what wait. Pure.
import { backOffMs } from '../../../base/time/back-off.ts'
import { RETRIED_STATUS, type RetryRule } from '../target/retry-rule.ts'
import type { Method } from '../target/target.ts'
import { CallError } from './call-error.ts'
import { IDEMPOTENT, type Answer } from './send.ts'

/** Each wait is something between half of it and all of it. */
const SPREAD = [0.5, 1] as const

export interface FailedAttempt {
  readonly method: Method
  /** From 1 on. */
  readonly attempt: number
  readonly outcome: Answer | Error
  /** Unix milliseconds. */
  readonly now: number
}

/** Milliseconds; undefined = the outcome stands. */
export function retryWait(
  rule: RetryRule | undefined,
  { method, attempt, outcome, now }: FailedAttempt,
  random: () => number,
): number | undefined {
  if (rule === undefined || attempt >= rule.attempts || !isPassing(outcome)) return undefined
  const mayRepeat = rule.nonIdempotent || IDEMPOTENT.has(method) || wasNotSeen(outcome)
  if (!mayRepeat) return undefined
  const wait = backOffMs(attempt, { firstMs: rule.firstMs, longestMs: rule.longestMs, spread: SPREAD }, random)
  return Math.max(wait, outcome instanceof Error ? 0 : retryAfterMs(outcome.headers['retry-after'], now))
}

function isPassing(outcome: Answer | Error): boolean {
  return outcome instanceof Error
    ? outcome instanceof CallError && outcome.isPassing
    : RETRIED_STATUS.has(outcome.status)
}

function wasNotSeen(outcome: Answer | Error): boolean {
  return outcome instanceof CallError && outcome.isUnsent
}

/** Seconds, or a date. */
function retryAfterMs(written: string | undefined, now: number): number {
  if (written === undefined) return 0
  const ms = /^\d+$/.test(written) ? Number(written) * 1_000 : Date.parse(written) - now
  return Number.isFinite(ms) && ms > 0 ? ms : 0
}
