// The `config` block of `iii-cron` (spec 03 §2, §7): its schema, and its values with the defaults filled in.
import { adapterSchema, type AdapterChoice, isSameAdapter } from '../../kit/adapters/adapter-set.ts'
import { DEFAULT_REDIS_URL, REDIS_OPTION } from '../../kit/redis/redis-option.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { DowNumbering } from './expression.ts'
import { KV_DEFAULTS } from './locks/kv.ts'

/** What happens when a trigger is due while its last run is still under way. */
export type Overlap = 'skip' | 'queue' | 'allow'
/** What happens about fires that were missed while nothing ran. */
export type Misfire = 'skip' | 'fire_once'

/** What the worker's settings decide, and a trigger's config may decide for itself. */
export interface RunSettings {
  readonly overlap: Overlap
  readonly misfire: Misfire
  /** Undefined = none. */
  readonly runTimeoutMs: number | undefined
  readonly maxWaitingRuns: number
  readonly maxParallelRuns: number
}

export interface CronConfig {
  readonly adapter?: AdapterChoice | null
  readonly dow_numbering?: DowNumbering | null
  readonly overlap?: Overlap | null
  readonly misfire?: Misfire | null
  readonly run_timeout_ms?: number | null
  readonly max_waiting_runs?: number | null
  readonly max_parallel_runs?: number | null
}

/** The longest that a timer takes, 24.8 days. */
export const LONGEST_TIMEOUT_MS = 2_147_483_647

export const RUN_DEFAULTS: RunSettings = {
  overlap: 'skip',
  misfire: 'skip',
  runTimeoutMs: undefined,
  maxWaitingRuns: 100,
  maxParallelRuns: 100,
}

/** Members that stand in the worker's settings as well as in a trigger's config. */
export const RUN_SETTINGS_SCHEMA = {
  overlap: {
    enum: ['skip', 'queue', 'allow', null],
    description:
      'When a trigger is due while its last run is under way: skip (default) the fire, queue it behind the run, or allow both at once.',
  },
  misfire: {
    enum: ['skip', 'fire_once', null],
    description: 'About fires missed while nothing ran: skip (default) them, or fire_once for the last of them.',
  },
  run_timeout_ms: {
    type: ['integer', 'null'],
    minimum: 1,
    maximum: LONGEST_TIMEOUT_MS,
    description:
      'After this time a run counts as failed, and its trigger goes on; the handler may still run. Default: none.',
  },
  max_waiting_runs: {
    type: ['integer', 'null'],
    minimum: 1,
    description: `With overlap: queue, the fires of one trigger that may wait; newer ones are dropped, with a warning. Default ${RUN_DEFAULTS.maxWaitingRuns}.`,
  },
  max_parallel_runs: {
    type: ['integer', 'null'],
    minimum: 1,
    description: `With overlap: allow, the runs of one trigger at a time; further fires are dropped, with a warning. Default ${RUN_DEFAULTS.maxParallelRuns}.`,
  },
} as const satisfies Readonly<Record<string, JsonSchema>>

const NO_EFFECT = 'Accepted without effect: the locks of a process end with it.'

export const CRON_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: adapterSchema(
      [
        {
          name: 'kv',
          aliases: ['local'],
          description: 'Locks of this process alone.',
          config: {
            lock_ttl_ms: {
              type: ['integer', 'null'],
              minimum: 1,
              description: `A lock that is not renewed runs out after this time. Default ${KV_DEFAULTS.lock_ttl_ms}.`,
            },
            lock_index: {
              type: ['string', 'null'],
              minLength: 1,
              description: `Name of the set of locks. Default ${KV_DEFAULTS.lock_index}.`,
            },
            store_method: { enum: ['in_memory', 'file_based', null], description: NO_EFFECT },
            file_path: { type: ['string', 'null'], minLength: 1, description: NO_EFFECT },
            save_interval_ms: {
              type: ['integer', 'null'],
              minimum: 100,
              maximum: 3_600_000,
              description: NO_EFFECT,
            },
          },
        },
        {
          ...REDIS_OPTION,
          description: 'A Redis server: of the engines on it that have a trigger with the same id, one fires it.',
        },
      ],
      'Where the locks are that keep a trigger from running twice at a time. Default kv. Applied to the next fire.',
    ),
    dow_numbering: {
      enum: ['quartz', 'unix', null],
      description:
        'Numbers of weekdays in expressions of 6 and 7 fields: quartz (default), 1 = Sunday … 7 = Saturday; unix, 0 and 7 = Sunday, 1 = Monday.',
    },
    ...RUN_SETTINGS_SCHEMA,
  },
}

export interface CronSettings {
  readonly adapter: AdapterChoice
  readonly dowNumbering: DowNumbering
  readonly run: RunSettings
}

export function cronSettings(config: CronConfig): CronSettings {
  return {
    adapter: adapterOf(config),
    dowNumbering: config.dow_numbering ?? 'quartz',
    run: { ...RUN_DEFAULTS, ...readRunSettings(config) },
  }
}

/** Those that are set. The members have been checked. */
export function readRunSettings(config: Omit<CronConfig, 'adapter' | 'dow_numbering'>): Partial<RunSettings> {
  return {
    ...(config.overlap == null ? {} : { overlap: config.overlap }),
    ...(config.misfire == null ? {} : { misfire: config.misfire }),
    ...(config.run_timeout_ms == null ? {} : { runTimeoutMs: config.run_timeout_ms }),
    ...(config.max_waiting_runs == null ? {} : { maxWaitingRuns: config.max_waiting_runs }),
    ...(config.max_parallel_runs == null ? {} : { maxParallelRuns: config.max_parallel_runs }),
  }
}

/** Absent members are the same as their defaults. */
export function isSameChoice(one: AdapterChoice, other: AdapterChoice): boolean {
  return isSameAdapter(withDefaults(one), withDefaults(other), 'kv')
}

function adapterOf({ adapter }: CronConfig): AdapterChoice {
  if (adapter === undefined || adapter === null) return { name: 'kv' }
  return adapter.name === 'local' ? { ...adapter, name: 'kv' } : adapter
}

/** Only what has an effect counts. */
function withDefaults({ name, config }: AdapterChoice): AdapterChoice {
  if (name === 'redis') return { name, config: { redis_url: config?.['redis_url'] ?? DEFAULT_REDIS_URL } }
  return {
    name,
    config: {
      lock_ttl_ms: config?.['lock_ttl_ms'] ?? KV_DEFAULTS.lock_ttl_ms,
      lock_index: config?.['lock_index'] ?? KV_DEFAULTS.lock_index,
    },
  }
}
