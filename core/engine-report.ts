// What an engine tells of its parts: plugins as the start screen shows them, and the health of the whole. Pure.
import { LISTENER_NAME } from './config/worker-names.ts'
import type { HealthComponent, InternalWorker } from './engine-functions/deps.ts'
import type { EngineState, PluginStatus } from './engine-status.ts'
import type { HealthState } from '../sdk/plugin.ts'
import type { PluginRow } from './host/table/plugin-rows.ts'

/** @param replaced built-ins in whose place a user plugin runs. */
export function pluginStatus(row: PluginRow, replaced: ReadonlySet<string>): PluginStatus {
  const { name, origin, state, isolation, load_ms, addresses, settings } = row
  // One that is held up is told of by whoever holds it up.
  const error = row.stale === undefined || row.stale.reason === 'held_up' ? row.error : row.stale.error
  return {
    name,
    origin,
    state,
    isolation,
    load_ms,
    replaces: replaced.has(row.plugin ?? name),
    ...(addresses !== undefined && { addresses }),
    ...(settings !== undefined && { settings }),
    ...(error !== undefined && { error }),
  }
}

/** The workers that accept others, for listings. */
export function* listenerWorkers(
  listeners: Iterable<{ readonly instanceId: string; readonly url: string }>,
): Generator<InternalWorker> {
  for (const { instanceId, url } of listeners) {
    yield { instanceId, name: LISTENER_NAME, description: `Accepts workers on ${url}` }
  }
}

export interface EngineCondition {
  readonly state: EngineState
  readonly plugins: readonly PluginStatus[]
  /** What else is wrong with plugins. */
  readonly troubles: readonly string[]
  /** Why the configuration as it is now is not in force; undefined = it is. */
  readonly configProblem: string | undefined
  /** Parts of plugins, by name. */
  readonly parts: ReadonlyMap<string, HealthState>
}

export function engineHealth({
  state,
  plugins,
  troubles,
  configProblem,
  parts,
}: EngineCondition): Record<string, HealthComponent> {
  const errors = plugins.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]))
  const broken = [...errors, ...troubles]
  return {
    ...Object.fromEntries([...parts].map(([part, { status, details = {} }]) => [part, { status, details }])),
    config: componentOf(configProblem),
    plugins: componentOf(broken.length === 0 ? undefined : inShort(broken)),
    // An engine that closes is no place to send anything new, and one that starts is not yet.
    router: componentOf(state === 'starting' || state === 'closing' ? `the engine is ${state}` : undefined),
  }
}

/** How many are told, and how much of each: `engine::plugins::info` has them in full. */
const TOLD = 5
const TOLD_CHARACTERS = 200

function inShort(broken: readonly string[]): string {
  const told = broken.slice(0, TOLD).map((message) => {
    const [line = ''] = message.split('\n')
    return line.length > TOLD_CHARACTERS ? `${line.slice(0, TOLD_CHARACTERS - 1)}…` : line
  })
  const left = broken.length - told.length
  return [...told, ...(left > 0 ? [`and ${left} more`] : [])].join('; ')
}

function componentOf(error: string | undefined): HealthComponent {
  return error === undefined ? { status: 'healthy', details: null } : { status: 'degraded', details: { error } }
}
