// What a delivery has come to, as it is told to the server.
import type { Job } from '../../job.ts'
import { failedOnce, failureOf } from '../../line/failed-job.ts'
import { backOffFor, type QueueSettings } from '../../settings.ts'
import type { Consumer, Outcome, Settled } from '../backend.ts'
import type { RedisDelivery } from './redis-delivery.ts'

/** On its way to the server. */
export interface Ended extends ToldOutcome {
  readonly delivery: RedisDelivery
  readonly consumer: Consumer
  /** It was sent, and the connection broke: it may have been written. */
  unsure: boolean
}

export interface ToldOutcome {
  /** Kind, handle, token and three members. */
  readonly args: readonly (string | number)[]
  /** The job after it. */
  readonly job: Job
  /** From what the server replies. */
  readonly how: (reply: string) => Settled
}

export function outcomeOf(
  { stored: { handle, job, bytes }, token }: RedisDelivery,
  outcome: Outcome,
  settings: QueueSettings,
  now: number,
  random: () => number,
): ToldOutcome {
  const { kind } = outcome
  if (kind !== 'failed') {
    return { args: [kind, handle, token, kind === 'done' ? bytes : '', '', ''], job, how: () => ({ kind }) }
  }
  const failure = failureOf(now, outcome.code, outcome.message)
  const attempts = job.attempts + 1
  if (attempts >= settings.maxAttempts) {
    const dead = failedOnce(job, failure, undefined)
    const args = ['dead', handle, token, JSON.stringify(job.id), attempts, JSON.stringify(dead.history)]
    return { args, job: dead, how: () => ({ kind: 'dead', failure }) }
  }
  const waitMs = backOffFor(settings, attempts, random)
  const failed = failedOnce(job, failure, Math.min(Number.MAX_SAFE_INTEGER, now + waitMs))
  return {
    args: ['retry', handle, token, waitMs, attempts, JSON.stringify(failed.history)],
    job: failed,
    // The wait is counted by the clock of the server.
    how: (reply) => ({ kind: 'retry', failure, runAt: Number(reply) || failed.runAt! }),
  }
}
