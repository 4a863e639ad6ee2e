// The names of iii's built-in workers through the ages (spec 04 A.3.1): class, canonical name and short alias are equal.

interface BuiltInName {
  /** Shown in listings, id of the configuration entry, owner of the functions. */
  readonly name: string
  readonly classes: readonly string[]
  readonly alias?: string
  /** Added when the file has no entry of it, and not to be had without (spec 04 A.5). */
  readonly mandatory?: true
  /** May stand in the file more than once (spec 04 A.6). */
  readonly repeatable?: true
  /** Accepted without a word where this version has no worker of it: iii runs it always, so files name it out of habit. */
  readonly quiet?: true
  /** Part of the engine itself, not a plugin. */
  readonly core?: true
}

const BUILT_IN_NAMES: readonly BuiltInName[] = [
  {
    name: 'iii-worker-manager',
    classes: ['modules::worker::WorkerModule'],
    mandatory: true,
    repeatable: true,
    core: true,
  },
  { name: 'iii-engine-functions', classes: ['modules::engine_fn::EngineFunctionsModule'], mandatory: true, core: true },
  {
    name: 'iii-observability',
    classes: ['modules::observability::OtelModule', 'modules::observability::LoggingModule'],
    mandatory: true,
    quiet: true,
  },
  { name: 'configuration', classes: [], mandatory: true, quiet: true },
  { name: 'iii-telemetry', classes: ['modules::telemetry::TelemetryModule'], quiet: true },
  {
    name: 'iii-http-functions',
    classes: ['modules::http_functions::HttpFunctionsModule'],
    mandatory: true,
    quiet: true,
  },
  { name: 'iii-directory', classes: [], mandatory: true, quiet: true },
  { name: 'iii-worker-ops', classes: [], mandatory: true, quiet: true },
  { name: 'iii-http', classes: ['modules::api::RestApiModule'], alias: 'http' },
  { name: 'iii-cron', classes: ['modules::cron::CronModule'], alias: 'cron' },
  { name: 'iii-queue', classes: ['modules::queue::QueueModule'], alias: 'queue' },
  { name: 'iii-pubsub', classes: ['modules::pubsub::PubSubModule'], alias: 'pubsub' },
  { name: 'iii-state', classes: ['modules::state::StateModule'], alias: 'state' },
  { name: 'iii-stream', classes: ['modules::stream::StreamModule'], alias: 'stream' },
  { name: 'iii-bridge', classes: ['modules::bridge_client::BridgeClientModule'], alias: 'bridge', repeatable: true },
  { name: 'iii-exec', classes: ['modules::shell::ExecModule'], repeatable: true },
  { name: 'iii-sandbox', classes: [] },
]

/** A name that a file may use, and whether this version has a worker behind it. */
export interface KnownWorker {
  readonly name: string
  readonly provided: boolean
}

const byName = new Map(BUILT_IN_NAMES.map((builtIn) => [builtIn.name, builtIn]))
const canonicalNames = new Map(
  BUILT_IN_NAMES.flatMap(({ name, classes, alias }) =>
    [...classes, ...(alias === undefined ? [] : [alias])].map((other) => [other, name]),
  ),
)

export const LISTENER_NAME = 'iii-worker-manager'

/** All known names; provided are those of the engine itself and those of `builtInPlugins`. */
export function knownWorkers(builtInPlugins: Iterable<string>): KnownWorker[] {
  const plugins = new Set(builtInPlugins)
  const named = BUILT_IN_NAMES.map(({ name, core }) => ({ name, provided: core === true || plugins.delete(name) }))
  return [...named, ...[...plugins].map((name) => ({ name, provided: true }))]
}

/** `state`, `modules::state::StateModule` and `iii-state` → `iii-state`; a name of nobody stays as it is. */
export function canonicalName(written: string): string {
  return canonicalNames.get(written) ?? written
}

/** Short alias and old classes of a built-in worker; empty for any other plugin. */
export function aliasesOf(name: string): string[] {
  const { alias, classes = [] } = byName.get(name) ?? {}
  return alias === undefined ? [...classes] : [alias, ...classes]
}

export function isBuiltInName(name: string): boolean {
  return byName.has(name)
}

export function isCoreName(name: string): boolean {
  return byName.get(name)?.core === true
}

export function isQuietName(name: string): boolean {
  return byName.get(name)?.quiet === true
}

export function isRepeatable(name: string): boolean {
  return byName.get(name)?.repeatable === true
}

export function mandatoryNames(): string[] {
  return BUILT_IN_NAMES.filter(({ mandatory }) => mandatory === true).map(({ name }) => name)
}

/** Canonical name → short alias, of those that have one (spec 04 A.3.2). */
export function aliasPairs(): (readonly [name: string, alias: string])[] {
  return BUILT_IN_NAMES.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, alias] as const]))
}

/** What a person may have meant: canonical names and short aliases. */
export function suggestibleNames(): string[] {
  return BUILT_IN_NAMES.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
}
