// The `config` block of `iii-cron` (spec 03 §2, §7): its schema, and its values with the defaults filled in.
import type { AdapterChoice, ChosenAdapter } from '../../kit/adapters/adapter-set.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { DowNumbering } from './expression.ts'
import { CRON_ADAPTERS } from './locks/adapters.ts'

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
  readonly max_set_back_ms?: number | null
}

/** The longest that a timer takes, 24.8 days. */
export const LONGEST_TIMEOUT_MS = 2_147_483_647

/** Default of `max_set_back_ms`. */
export const MAX_SET_BACK_MS = 3_600_000

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

export const CRON_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: CRON_ADAPTERS.schema(
      'Where the locks are that keep a trigger from running twice at a time. Default kv. Applied to the next fire.',
    ),
    dow_numbering: {
      enum: ['quartz', 'unix', null],
      description:
        'Numbers of weekdays in expressions of 6 and 7 fields: quartz (default), 1 = Sunday … 7 = Saturday; unix, 0 and 7 = Sunday, 1 = Monday.',
    },
    max_set_back_ms: {
      type: ['integer', 'null'],
      minimum: 0,
      description: `When the clock is set back, a trigger whose last fire lies further ahead starts anew; nearer, it waits until the clock has reached that fire again. Default ${MAX_SET_BACK_MS}.`,
    },
    ...RUN_SETTINGS_SCHEMA,
  },
}

export interface CronSettings {
  readonly adapter: ChosenAdapter
  readonly dowNumbering: DowNumbering
  readonly run: RunSettings
  readonly maxSetBackMs: number
}

export function cronSettings(config: CronConfig): CronSettings {
  return {
    adapter: CRON_ADAPTERS.chosen(config.adapter),
    dowNumbering: config.dow_numbering ?? 'quartz',
    run: { ...RUN_DEFAULTS, ...readRunSettings(config) },
    maxSetBackMs: config.max_set_back_ms ?? MAX_SET_BACK_MS,
  }
}

/** Those that are set. The members have been checked. */
export function readRunSettings(
  config: Omit<CronConfig, 'adapter' | 'dow_numbering' | 'max_set_back_ms'>,
): Partial<RunSettings> {
  return {
    ...(config.overlap == null ? {} : { overlap: config.overlap }),
    ...(config.misfire == null ? {} : { misfire: config.misfire }),
    ...(config.run_timeout_ms == null ? {} : { runTimeoutMs: config.run_timeout_ms }),
    ...(config.max_waiting_runs == null ? {} : { maxWaitingRuns: config.max_waiting_runs }),
    ...(config.max_parallel_runs == null ? {} : { maxParallelRuns: config.max_parallel_runs }),
  }
}
