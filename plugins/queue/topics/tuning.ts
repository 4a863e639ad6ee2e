// How a binding says that its messages are to be delivered (spec 03 §4.2): `queue_config`, and the two members beside it. What iii
// ignores is ignored here too, with a warning: a program that ran there is not to fail here for a setting.
import { MAX_PRIORITY, type QueueSettings } from '../settings.ts'

type Members = Readonly<Record<string, unknown>>

export interface Tuning {
  readonly settings: QueueSettings
  /** What is not as it should be and counts as left out. */
  readonly problems: readonly string[]
}

/** Longest wait that a setting can ask for: ten years. Beyond it a number is a mistake, such as microseconds. */
const MAX_MS = 10 * 365 * 24 * 3_600_000

export function readTuning(config: Members, defaults: QueueSettings): Tuning {
  const problems: string[] = []
  const whole = membersOf(config['queue_config'], 'queue_config', problems)
  const top = new Numbers(config, '', problems)
  const queue = new Numbers(whole, 'queue_config.', problems)
  const retries = queue.integer(['maxRetries', 'max_retries'], 0, Number.MAX_SAFE_INTEGER - 1)
  const attempts = top.integer(['max_retries', 'maxRetries'], 0, Number.MAX_SAFE_INTEGER)
  const delaySeconds = queue.number(['delaySeconds', 'delay_seconds'], 0, MAX_MS / 1_000)
  const { type = defaults.type } = whole
  const settings: QueueSettings = {
    ...defaults,
    type: type === 'fifo' ? 'fifo' : 'standard',
    // The number beside `queue_config` counts all deliveries, the one in it those after the first: each as where it comes from (spec 03 §3.5).
    maxAttempts:
      attempts !== undefined ? Math.max(1, attempts) : retries !== undefined ? retries + 1 : defaults.maxAttempts,
    concurrency: queue.integer(['concurrency'], 0, 100_000) ?? defaults.concurrency,
    backoffMs:
      top.integer(['backoff_ms', 'backoffDelayMs'], 0, MAX_MS) ??
      queue.integer(['backoffDelayMs', 'backoff_delay_ms', 'backoff_ms'], 0, MAX_MS) ??
      defaults.backoffMs,
    jitter: queue.number(['jitter'], 0, 1) ?? defaults.jitter,
    timeoutMs: queue.integer(['timeoutMs', 'timeout_ms'], 1, MAX_MS) ?? defaults.timeoutMs,
    delayMs: delaySeconds === undefined ? defaults.delayMs : Math.round(delaySeconds * 1_000),
    rateLimit: rateLimit(whole, problems) ?? defaults.rateLimit,
    maxJobs: queue.integer(['maxJobs', 'max_jobs'], 1, Number.MAX_SAFE_INTEGER) ?? defaults.maxJobs,
    maxBytes: queue.integer(['maxBytes', 'max_bytes'], 1, Number.MAX_SAFE_INTEGER) ?? defaults.maxBytes,
    maxPriority: queue.integer(['maxPriority', 'max_priority'], 1, MAX_PRIORITY) ?? defaults.maxPriority,
  }
  return { settings, problems }
}

function rateLimit(queue: Members, problems: string[]): QueueSettings['rateLimit'] {
  const said = queue['rateLimit'] ?? queue['rate_limit']
  const limit = new Numbers(membersOf(said, 'queue_config.rateLimit', problems), 'queue_config.rateLimit.', problems)
  const max = limit.integer(['max'], 1, Number.MAX_SAFE_INTEGER)
  const perMs = limit.integer(['per_ms', 'perMs'], 1, MAX_MS)
  if (max !== undefined && perMs !== undefined) return { max, perMs }
  if (said !== undefined && said !== null)
    problems.push('`queue_config.rateLimit` needs `max` and `per_ms`, and is ignored')
  return undefined
}

function membersOf(value: unknown, name: string, problems: string[]): Members {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Members
  problems.push(`\`${name}\` must be an object, got ${JSON.stringify(value)}, and is ignored`)
  return {}
}

class Numbers {
  readonly #members: Members
  readonly #prefix: string
  readonly #problems: string[]

  constructor(members: Members, prefix: string, problems: string[]) {
    this.#members = members
    this.#prefix = prefix
    this.#problems = problems
  }

  /** By the first of its names that is there. */
  integer(names: readonly string[], least: number, most: number): number | undefined {
    return this.#read(names, 'a whole number', (value) => Number.isInteger(value) && value >= least && value <= most, {
      least,
      most,
    })
  }

  number(names: readonly string[], least: number, most: number): number | undefined {
    return this.#read(names, 'a number', (value) => value >= least && value <= most, { least, most })
  }

  #read(
    names: readonly string[],
    kind: string,
    fits: (value: number) => boolean,
    { least, most }: { least: number; most: number },
  ): number | undefined {
    const name = names.find((each) => this.#members[each] !== undefined && this.#members[each] !== null)
    if (name === undefined) return undefined
    const value = this.#members[name]
    if (typeof value === 'number' && fits(value)) return value
    this.#problems.push(
      `\`${this.#prefix}${name}\` must be ${kind} from ${least} to ${most}, got ${JSON.stringify(value)}, and is ignored`,
    )
    return undefined
  }
}
