// A job: one message for one function. The payload is JSON text from the publisher to the handler and is never parsed on the way.
// How a store keeps it is the store's business; this is what crosses the interface of `adapters/backend.ts` (spec 03 §3.7).

/** What a job says of itself from its first moment on. */
export interface JobContent {
  /** Named queues: the receipt of the publisher. Subscriptions: a random UUID per copy. Kept by retries and redrives. */
  readonly id: string
  /** The function that is called. */
  readonly functionId: string
  /** Of the function; undefined = `default`. */
  readonly namespace?: string | undefined
  /** JSON text, valid, exactly as it was sent. */
  readonly data: string
  /** Parent of the delivery's span. */
  readonly traceparent?: string | undefined
  /** As the publisher sent it; the tags that a delivery must not carry on are removed when it is delivered (spec 03 §3.9). */
  readonly baggage?: string | undefined
}

/** A job that is to be stored. Whatever is read from the payload has been read already: a backend never looks into `data`. */
export interface NewJob extends JobContent {
  /** Jobs of one group run one after the other where the queue is fifo. Undefined: the group "". Ignored by standard queues. */
  readonly group?: string | undefined
  /** 0 to 255; the larger goes first in a standard queue. Undefined = 0. Ignored by fifo queues. */
  readonly priority?: number | undefined
  /** Unix milliseconds before which it is not delivered. Undefined, or in the past: at once. */
  readonly runAt?: number | undefined
  /** A job of the same queue and key that was stored less than `windowMs` ago stands for this one too. */
  readonly dedup?: Deduplication | undefined
}

export interface Deduplication {
  readonly key: string
  readonly windowMs: number
}

/** A job that was stored. */
export interface Job extends JobContent {
  readonly group?: string | undefined
  readonly priority: number
  /** Failed deliveries so far: 0 at the first one. */
  readonly attempts: number
  /** Unix milliseconds. */
  readonly createdAt: number
  /** Unix milliseconds before which it is not delivered; undefined = at once. */
  readonly runAt?: number | undefined
  /** The failed deliveries, oldest first: at most the last `MAX_HISTORY`. */
  readonly history: readonly Failure[]
}

/** A failed delivery. */
export interface Failure {
  /** Unix milliseconds. */
  readonly at: number
  readonly code: string
  /** At most `MAX_ERROR_LENGTH` characters. */
  readonly message: string
}

/** A job that has used up its deliveries. */
export interface DeadLetter {
  readonly job: Job
  /** The last failure, which is also the last of `job.history`. */
  readonly error: Failure
  /** Bytes of the payload. */
  readonly sizeBytes: number
}

/** Failures that a job remembers. */
export const MAX_HISTORY = 10
/** Characters of a failure's message that are kept. */
export const MAX_ERROR_LENGTH = 2_000
