// JSON Schemas of what `engine::plugins::*` answer. They are published; a test holds them against real answers.
import type { PluginRow, ShownState } from './table/plugin-rows.ts'
import type { StaleReason } from './table/refusals.ts'

export const STATES: readonly ShownState[] = [
  'available',
  'disabled',
  'starting',
  'running',
  'stalled',
  'draining',
  'restarting',
  'stopped',
  'failed',
]
const STALE_REASONS: readonly StaleReason[] = ['build', 'import', 'start', 'busy', 'config']

const TEXT = { type: 'string' } as const
const NUMBER = { type: 'number' } as const
const COUNT = { type: 'integer' } as const
const TEXTS = { type: 'array', items: TEXT } as const
const STATE = { enum: STATES } as const

function object(properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) }
}

/** Of both a row and the details. */
const COMMON = {
  name: TEXT,
  plugin: TEXT,
  description: TEXT,
  version: TEXT,
  origin: { type: 'string', description: '`built-in`, or the path relative to the project root.' },
  state: STATE,
  stalled_since: { type: 'string', description: 'ISO 8601.' },
  generation: COUNT,
  isolation: { enum: ['shared', 'thread', 'process', null] },
  thread: { type: ['integer', 'null'], description: 'Id of the thread or process of the first replica.' },
  replicas: COUNT,
  abandoned: COUNT,
  started_at: { type: 'string', description: 'ISO 8601.' },
  load_ms: NUMBER,
  addresses: TEXTS,
  settings: { const: 'stored' },
  in_flight: COUNT,
  calls: COUNT,
  errors: COUNT,
  latency_ms: object({ p50: NUMBER, p99: NUMBER }),
  memory_bytes: NUMBER,
  event_loop_utilization: NUMBER,
  stale: object({ since: TEXT, reason: { enum: STALE_REASONS }, error: TEXT }),
  health: {
    type: 'object',
    additionalProperties: object({ status: { enum: ['healthy', 'degraded'] }, details: { type: 'object' } }),
    description: 'How its parts are, by name, if it tells.',
  },
  restarts: COUNT,
  last_crash: object({ at: TEXT, code: TEXT, message: TEXT }),
  error: TEXT,
} satisfies Readonly<Record<Exclude<keyof PluginRow, 'functions'>, unknown>>
const OPTIONAL = [
  'plugin',
  'description',
  'version',
  'stalled_since',
  'abandoned',
  'started_at',
  'addresses',
  'settings',
  'stale',
  'health',
  'last_crash',
  'error',
]

export const LIST_ANSWER = object({
  plugins: { type: 'array', items: object({ ...COMMON, functions: COUNT }, OPTIONAL) },
})
export const INFO_ANSWER = object(
  {
    ...COMMON,
    functions: TEXTS,
    trigger_types: TEXTS,
    config: { description: 'Secrets are masked.' },
    config_schema: { type: ['object', 'null'] },
    history: {
      type: 'array',
      items: object({ at: TEXT, from: STATE, to: STATE, cause: TEXT, ms: NUMBER, error: TEXT }, ['error']),
    },
  },
  OPTIONAL,
)
export const RELOAD_ANSWER = object({ name: TEXT, generation: COUNT, ms: NUMBER })
export const STATE_ANSWER = object({ name: TEXT, state: STATE })
