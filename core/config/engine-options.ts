// The top-level `engine:` block and the other settings of the engine as a whole (spec 04 A.2, 09 §5).
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { Findings } from './findings.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import { ENGINE_DEFAULTS } from '../model/options.ts'
import type { EngineOptions } from '../model/options.ts'

/** Longest time that a timer of Node takes. */
export const MAX_TIMER_MS = 2_147_483_647
const DEFAULT_HEALTH_HOST = '127.0.0.1'
export const DEFAULT_PLUGINS_DIR = './plugins'
export const DEFAULT_NAMESPACE_GRACE_MS = 5_000
export const NAMESPACE_GRACE_VARIABLE = 'III_NAMESPACE_GRACE_MS'

const DEFAULTS = ENGINE_DEFAULTS
const integer = (value: number, minimum: number, description: string): object => ({
  type: 'integer',
  minimum,
  default: value,
  description,
})
const time = (value: number, minimum: number, description: string): object => ({
  ...integer(value, minimum, description),
  maximum: MAX_TIMER_MS,
})

export const ENGINE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    duplicate_functions: {
      enum: ['load_balance', 'replace', 'reject'],
      default: DEFAULTS.duplicate_functions,
      description: 'Several workers with the same function id: share the calls, the newest wins, or the first stays.',
    },
    duplicate_workers: {
      enum: ['allow', 'reject'],
      default: DEFAULTS.duplicate_workers,
      description: 'Several connections with the same worker name.',
    },
    coalesce_replica_triggers: {
      type: 'boolean',
      default: DEFAULTS.coalesce_replica_triggers,
      description: 'Equal trigger bindings of several connections fire once.',
    },
    restart_grace_ms: time(
      DEFAULTS.restart_grace_ms,
      0,
      'How long calls wait for a provider that ended abnormally to come back; 0 = not at all.',
    ),
    restart_grace_max_calls: integer(DEFAULTS.restart_grace_max_calls, 0, 'Calls that wait for one such id.'),
    remember_functions: integer(
      DEFAULTS.remember_functions,
      0,
      'Functions of external workers that are remembered over a restart of the engine: calls wait for their return as well; 0 = none.',
    ),
    max_invocation_ms: time(
      DEFAULTS.max_invocation_ms,
      0,
      'Unanswered calls settle with timeout after this time; 0 = never.',
    ),
    unresponsive_ms: time(
      DEFAULTS.unresponsive_ms,
      0,
      'A worker that calls wait for, and that has answered none for so long, is shown as such, and other providers are preferred; 0 = never.',
    ),
    gate_max_calls: integer(DEFAULTS.gate_max_calls, 1, 'Calls that wait while a plugin is handed over or restarted.'),
    gate_max_bytes: integer(DEFAULTS.gate_max_bytes, 1, 'Bytes of those calls.'),
    gate_ms: time(DEFAULTS.gate_ms, 1, 'How long such a call waits.'),
    drain_ms: time(DEFAULTS.drain_ms, 1, 'How long a plugin may take to finish its calls before it is replaced.'),
    stop_ms: time(DEFAULTS.stop_ms, 1, 'How long the stop of a plugin may take.'),
    start_ms: time(DEFAULTS.start_ms, 1, 'How long the start of a plugin may take.'),
    crash_budget: integer(DEFAULTS.crash_budget, 1, 'Crashes within five minutes after which a plugin is given up.'),
    health: {
      type: ['object', 'null'],
      default: DEFAULTS.health,
      description: 'A port of its own for GET /health, which answers 200 or 503.',
      properties: {
        port: { type: 'integer', minimum: 0, maximum: 65_535, description: 'Its port; 0 = any free one.' },
        host: {
          type: 'string',
          minLength: 1,
          default: DEFAULT_HEALTH_HOST,
          description: 'Address to listen on. 0.0.0.0 opens the port to the network.',
        },
      },
      required: ['port'],
      additionalProperties: false,
    },
  },
  additionalProperties: false,
}

/** The `engine:` block with defaults; problems go to `findings`. An empty block (`engine:`) is as none. */
export function readEngineOptions(block: unknown, findings: Findings): EngineOptions {
  const result = validateAgainstSchema<EngineOptions>(ENGINE_SCHEMA, block ?? {}, { trusted: true })
  if ('value' in result) return result.value
  for (const { pointer, message } of result.problems) {
    const path = ['engine', ...parsePointer(pointer)]
    findings.problem(path, `${renderPath(path)}: ${message}`)
  }
  return ENGINE_DEFAULTS
}

/** The environment wins over the file (spec 04 A.2). */
export function readNamespaceGrace(
  written: unknown,
  env: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): number {
  const override = env[NAMESPACE_GRACE_VARIABLE]
  if (override !== undefined && override !== '') {
    if (/^\d+$/.test(override) && Number(override) <= MAX_TIMER_MS) return Number(override)
    findings.problem(
      [],
      `environment variable ${NAMESPACE_GRACE_VARIABLE} must be a whole number of milliseconds, got "${override}"`,
    )
    return DEFAULT_NAMESPACE_GRACE_MS
  }
  if (written === undefined) return DEFAULT_NAMESPACE_GRACE_MS
  if (typeof written === 'number' && Number.isInteger(written) && written >= 0 && written <= MAX_TIMER_MS)
    return written
  const key = 'registration_namespace_grace_ms'
  findings.problem([key], `${key} must be a whole number of milliseconds, got ${shownValue(written)}`)
  return DEFAULT_NAMESPACE_GRACE_MS
}
