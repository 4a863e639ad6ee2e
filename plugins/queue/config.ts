// The `config` block of `iii-queue` (spec 03 §2, §3.1): its schema, and its values with the defaults filled in.
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { deliveriesOf, QUEUE_ADAPTERS } from './adapters.ts'
import { QUEUE_DEFAULTS, type QueueSettings } from './settings.ts'

/** Settings of a named queue as they are written. */
export interface QueueConfig {
  readonly type?: 'standard' | 'fifo' | null
  readonly max_retries?: number | null
  readonly concurrency?: number | null
  readonly message_group_field?: string | null
  readonly backoff_ms?: number | null
  readonly jitter?: number | null
  readonly poll_interval_ms?: number | null
  readonly max_priority?: number | null
  readonly priority_field?: string | null
  readonly dedup_field?: string | null
  readonly dedup_window_ms?: number | null
  readonly delay_ms?: number | null
  readonly rate_limit?: { readonly max: number; readonly per_ms?: number | null } | null
  readonly timeout_ms?: number | null
  readonly max_jobs?: number | null
  readonly max_bytes?: number | null
  readonly redeliver_on_engine_restart?: boolean | null
}

export interface QueueWorkerConfig {
  readonly adapter?: AdapterChoice | null
  readonly queue_configs?: Readonly<Record<string, QueueConfig | null>> | null
  readonly function_wait_ms?: number | null
  readonly legacy_shared_topics?: boolean | null
}

/** The queue that is always there. */
export const DEFAULT_QUEUE = 'default'
/** Default of `function_wait_ms`. */
export const FUNCTION_WAIT_MS = 30_000
/** Starts that a rate limit counts. */
const MAX_RATE = 1_000_000
const LARGEST_U32 = 2 ** 32 - 1
const DEFAULT_PER_MS = 1_000

const whole = (minimum: number, description: string, maximum: number = Number.MAX_SAFE_INTEGER): JsonSchema => ({
  type: ['integer', 'null'],
  minimum,
  maximum,
  description,
})
const member = (description: string): JsonSchema => ({ type: ['string', 'null'], minLength: 1, description })

const FIFO_NEEDS = 'a fifo queue needs the name of the top-level member of the payload that tells its groups apart'

export const QUEUE_CONFIG_SCHEMA: JsonSchema = {
  type: ['object', 'null'],
  additionalProperties: false,
  if: { properties: { type: { const: 'fifo' } }, required: ['type'] },
  then: {
    description: FIFO_NEEDS,
    properties: { message_group_field: { type: 'string', description: FIFO_NEEDS } },
    required: ['message_group_field'],
  },
  properties: {
    type: {
      enum: ['standard', 'fifo', null],
      description:
        'standard (default): jobs start in the order of arrival, several at a time. fifo: the jobs of a group one after the other.',
    },
    max_retries: whole(
      0,
      `Deliveries until a job is a dead letter, the first included. Default ${QUEUE_DEFAULTS.maxAttempts}; 0 counts as 1.`,
      LARGEST_U32,
    ),
    concurrency: whole(1, `Jobs that are delivered at a time. Default ${QUEUE_DEFAULTS.concurrency}.`, LARGEST_U32),
    message_group_field: member('Required with fifo: the top-level member of the payload that names the group.'),
    backoff_ms: whole(
      0,
      `Wait after the first failure; it doubles with each further one. Default ${QUEUE_DEFAULTS.backoffMs}.`,
    ),
    jitter: {
      type: ['number', 'null'],
      minimum: 0,
      maximum: 1,
      description: 'Part of that wait that is random: with 0.2 it is between 80 % and 100 % of it. Default 0.',
    },
    poll_interval_ms: whole(
      1,
      `How often it is looked whether a function that is missing has come. Default ${QUEUE_DEFAULTS.pollIntervalMs}.`,
    ),
    max_priority: whole(1, 'Larger priorities count as this one. Default 255.', 255),
    priority_field: member('Top-level member of the payload with the priority, where the publisher names none.'),
    dedup_field: member('Top-level member of the payload with the deduplication key, where the publisher names none.'),
    dedup_window_ms: whole(
      1,
      `How long a deduplication key stands for the job that came with it. Default ${QUEUE_DEFAULTS.dedupWindowMs}.`,
    ),
    delay_ms: whole(0, 'Wait before the first delivery, where the publisher names none. Default 0.'),
    rate_limit: {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['max'],
      description: 'Deliveries that may start within a time. Default: none.',
      properties: {
        max: { type: 'integer', minimum: 1, maximum: MAX_RATE, description: 'Deliveries.' },
        per_ms: whole(1, `The time. Default ${DEFAULT_PER_MS}.`),
      },
    },
    timeout_ms: whole(1, 'A delivery that takes longer has failed; its handler may still run. Default: none.'),
    max_jobs: whole(
      1,
      'Jobs that the queue holds, dead ones included; beyond it publishers get `queue_full`. Default: none.',
    ),
    max_bytes: whole(1, 'Bytes of their payloads; beyond it publishers get `queue_full`. Default: none.'),
    redeliver_on_engine_restart: {
      type: ['boolean', 'null'],
      description: 'Accepted without effect: what ran when the engine ended is always delivered again.',
    },
  },
}

export const QUEUE_WORKER_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: QUEUE_ADAPTERS.schema('Where the jobs are kept. Jobs that wait stay where they are when it is changed.'),
    queue_configs: {
      type: ['object', 'null'],
      description: 'The named queues, by name. `default` is always there.',
      propertyNames: {
        description: 'a text without blanks around it, and without control characters',
        pattern: '^[^\\s\\p{Cc}\\p{Cs}]([^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$',
      },
      additionalProperties: QUEUE_CONFIG_SCHEMA,
    },
    function_wait_ms: whole(
      0,
      `How long a job waits for a function that nobody provides, before that counts as a failed delivery. Default ${FUNCTION_WAIT_MS}.`,
    ),
    legacy_shared_topics: {
      type: ['boolean', 'null'],
      description:
        'Whether all triggers of the older type `queue` on a topic share its messages, instead of each function getting all. Default false.',
    },
  },
}

export interface QueueWorkerSettings {
  /** By name; `default` is among them. */
  readonly queues: ReadonlyMap<string, QueueSettings>
  readonly functionWaitMs: number
  readonly legacySharedTopics: boolean
}

/** Throws an error that names the queue and the member. The block has passed the schema. */
export function queueWorkerSettings(config: QueueWorkerConfig): QueueWorkerSettings {
  const { adapter } = config
  const queues = new Map<string, QueueSettings>([[DEFAULT_QUEUE, queueSettings(DEFAULT_QUEUE, {}, adapter)]])
  for (const [name, written] of Object.entries(config.queue_configs ?? {})) {
    queues.set(name, queueSettings(name, written ?? {}, adapter))
  }
  return {
    queues,
    functionWaitMs: config.function_wait_ms ?? FUNCTION_WAIT_MS,
    legacySharedTopics: config.legacy_shared_topics ?? false,
  }
}

/**
 * Throws an error that names the queue and the member.
 * @param adapter of the worker: it says what `max_retries` counts
 */
export function queueSettings(name: string, config: QueueConfig, adapter?: AdapterChoice | null): QueueSettings {
  const type = config.type ?? 'standard'
  if (type === 'fifo' && config.message_group_field == null) {
    throw new Error(
      `The queue '${name}' is fifo and has no message_group_field: name the top-level member of the payload that tells the groups apart.`,
    )
  }
  const { rate_limit: rate } = config
  return {
    type,
    maxAttempts: deliveriesOf(adapter, config.max_retries ?? QUEUE_DEFAULTS.maxAttempts),
    concurrency: config.concurrency ?? QUEUE_DEFAULTS.concurrency,
    backoffMs: config.backoff_ms ?? QUEUE_DEFAULTS.backoffMs,
    jitter: config.jitter ?? QUEUE_DEFAULTS.jitter,
    messageGroupField: type === 'fifo' ? (config.message_group_field ?? undefined) : undefined,
    priorityField: config.priority_field ?? undefined,
    maxPriority: config.max_priority ?? undefined,
    dedupField: config.dedup_field ?? undefined,
    dedupWindowMs: config.dedup_window_ms ?? QUEUE_DEFAULTS.dedupWindowMs,
    delayMs: config.delay_ms ?? QUEUE_DEFAULTS.delayMs,
    rateLimit: rate == null ? undefined : { max: rate.max, perMs: rate.per_ms ?? DEFAULT_PER_MS },
    timeoutMs: config.timeout_ms ?? undefined,
    maxJobs: config.max_jobs ?? undefined,
    maxBytes: config.max_bytes ?? undefined,
    pollIntervalMs: config.poll_interval_ms ?? QUEUE_DEFAULTS.pollIntervalMs,
  }
}
