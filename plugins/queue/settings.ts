// The settings of one queue (spec 03 §3.1) with their defaults, as the code uses them. How they are written in a configuration file,
// and what is refused there, says `config.ts`; what a subscription writes in its `queue_config` says the trigger type.

/** Settings of a named queue or of a subscription's queue. All are complete: defaults are filled in. */
export interface QueueSettings {
  /** `standard`: up to `concurrency` at a time, started in the order of arrival. `fifo`: the jobs of one group strictly one after the other. */
  readonly type: 'standard' | 'fifo'
  /** Deliveries until a job is dead, the first included; at least 1. Default 3. */
  readonly maxAttempts: number
  /** Jobs delivered at a time, over all engines that share the store. Default 10. 0 = nothing is delivered. */
  readonly concurrency: number
  /** After the n-th failure a job waits `backoffMs × 2^(n-1)`. Default 1,000. */
  readonly backoffMs: number
  /** Part of the wait that is random, 0 to 1: with 0.2 it is between 80 % and 100 % of what it would be. Default 0. */
  readonly jitter: number
  /** Top-level member of the payload whose value is the group. Required for `fifo`, unused otherwise. */
  readonly messageGroupField: string | undefined
  /** Top-level member of the payload that holds the priority, where the publisher names none. Default: none. */
  readonly priorityField: string | undefined
  /** Priorities above it count as it. Default 255. RabbitMQ: undefined = a queue without priorities. */
  readonly maxPriority: number | undefined
  /** Top-level member of the payload that holds the deduplication key, where the publisher names none. Default: none. */
  readonly dedupField: string | undefined
  /** How long a deduplication key stands for its job, from the time it was stored. Default 5 minutes. */
  readonly dedupWindowMs: number
  /** Added before the first delivery, where the publisher names neither `delay_ms` nor `run_at`. Default 0. */
  readonly delayMs: number
  /** Deliveries that may start within a time, over all engines that share the store. Default: no limit. */
  readonly rateLimit: RateLimit | undefined
  /** One delivery that takes longer has failed with `timeout`; its handler may still run. Default: none. */
  readonly timeoutMs: number | undefined
  /** Jobs that may be stored in the queue: waiting, delayed, active and dead ones. At the limit publishers get `queue_full`. Default: none. */
  readonly maxJobs: number | undefined
  /** Bytes of payload of the same. Default: none. */
  readonly maxBytes: number | undefined
  /** How often what can't be waited for is looked at: a function that is not there, a store of others. Default 100. */
  readonly pollIntervalMs: number
}

export interface RateLimit {
  /** At least 1. */
  readonly max: number
  /** Of the sliding time; at least 1. */
  readonly perMs: number
}

export const QUEUE_DEFAULTS: QueueSettings = {
  type: 'standard',
  maxAttempts: 3,
  concurrency: 10,
  backoffMs: 1_000,
  jitter: 0,
  messageGroupField: undefined,
  priorityField: undefined,
  maxPriority: undefined,
  dedupField: undefined,
  dedupWindowMs: 5 * 60_000,
  delayMs: 0,
  rateLimit: undefined,
  timeoutMs: undefined,
  maxJobs: undefined,
  maxBytes: undefined,
  pollIntervalMs: 100,
}

/** Largest priority. */
export const MAX_PRIORITY = 255

/** More than 3,000 years: longer waits count as this one, so that the time at which they end is one that a `Date` can hold. */
export const LONGEST_WAIT_MS = 1e14

/** The wait after the n-th failure, n from 1 on: saturating (spec 03 §3.5). */
export function backOffFor(
  { backoffMs, jitter }: Pick<QueueSettings, 'backoffMs' | 'jitter'>,
  failures: number,
  random: () => number,
): number {
  const whole = Math.min(LONGEST_WAIT_MS, backoffMs * 2 ** Math.max(0, failures - 1))
  return jitter === 0 ? whole : Math.round(whole * (1 - jitter * random()))
}
