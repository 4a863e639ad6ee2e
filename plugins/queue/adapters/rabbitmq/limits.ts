// What is limited on the way between the engine and RabbitMQ.

export interface RabbitLimits {
  /** Messages that await the broker's word, and their bytes: more are refused, since they would pile up in memory. */
  readonly maxUnconfirmed: number
  readonly maxUnconfirmedBytes: number
  /** Calls that wait for the broker to come back, and for how long. */
  readonly maxWaiting: number
  readonly waitMs: number
  /** Jobs of a queue in hand that can't begin: of busy groups, set aside, or not due. At the limit no further groups begin. */
  readonly maxIdle: number
  /** Bytes of all jobs of a queue in hand; more than `concurrency` are not asked for beyond it. */
  readonly maxHeldBytes: number
  /** Jobs and dead letters that are looked through for one of them; what is done to all has no limit. */
  readonly maxScanned: number
}

export const RABBIT_LIMITS: RabbitLimits = {
  maxUnconfirmed: 50_000,
  maxUnconfirmedBytes: 256 * 1024 * 1024,
  maxWaiting: 10_000,
  waitMs: 5_000,
  maxIdle: 10_000,
  maxHeldBytes: 64 * 1024 * 1024,
  maxScanned: 100_000,
}

/** Topics to which an engine publishes with deduplication keys. */
export const MAX_KEYED_TOPICS = 1_000
