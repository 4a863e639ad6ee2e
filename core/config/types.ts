// The configuration after reading, interpolation and merging: what the engine is to run. Plain data.
import type { Isolation } from '../../sdk/plugin.ts'

export interface EngineConfig {
  /** Absolute path of the configuration file; null when the embedded default is used. */
  readonly file: string | null
  /** Directory of the file, or the working directory: what relative paths refer to. */
  readonly projectRoot: string
  /** Absolute path of the folder of user plugins. */
  readonly pluginsDir: string
  readonly engine: EngineOptions
  readonly registrationNamespaceGraceMs: number
  /** In effective order: `workers`, then `modules`, then injected mandatory ones. */
  readonly entries: readonly WorkerEntry[]
  /** Things that are odd but do not stop the start. */
  readonly warnings: readonly string[]
}

/** The `engine:` block (spec 04 A.2, 09 §5). All `_ms` are milliseconds. */
export interface EngineOptions {
  readonly duplicate_functions: 'load_balance' | 'replace' | 'reject'
  readonly duplicate_workers: 'allow' | 'reject'
  readonly coalesce_replica_triggers: boolean
  readonly restart_grace_ms: number
  readonly restart_grace_max_calls: number
  readonly max_invocation_ms: number
  readonly gate_max_calls: number
  readonly gate_max_bytes: number
  readonly gate_ms: number
  readonly drain_ms: number
  readonly stop_ms: number
  readonly start_ms: number
  /** Crashes within five minutes after which a plugin is `failed`. */
  readonly crash_budget: number
}

export const ENGINE_DEFAULTS: EngineOptions = {
  duplicate_functions: 'load_balance',
  duplicate_workers: 'allow',
  coalesce_replica_triggers: true,
  restart_grace_ms: 3_000,
  restart_grace_max_calls: 10_000,
  max_invocation_ms: 0,
  gate_max_calls: 10_000,
  gate_max_bytes: 64 * 1024 * 1024,
  gate_ms: 25_000,
  drain_ms: 5_000,
  stop_ms: 10_000,
  start_ms: 10_000,
  crash_budget: 3,
}

/** One item of `workers:` / `modules:` (spec 04 A.3, 09 §1). */
export interface WorkerEntry {
  /** `name`, `name#1`, … in file order (spec 04 A.6). */
  readonly instanceId: string
  /** Canonical: `iii-…`, `configuration`, or the plugin's name. */
  readonly name: string
  /** As written in the file; differs from `name` for classes and short aliases. */
  readonly writtenName: string
  /** The `config` block after interpolation, `{}` when absent. Adapter classes are already mapped to names. */
  readonly config: Readonly<Record<string, unknown>>
  readonly isolation: Isolation | undefined
  readonly replicas: number
  readonly memoryMb: number | undefined
  readonly maxInFlight: number | undefined
  readonly allow: readonly string[] | undefined
  readonly permissions: PluginPermissions | undefined
  readonly enabled: boolean
  readonly workerPath: string | undefined
  /** Where the entry stands, for messages: `iii-config.yaml:12`, or `(default)` for injected ones. */
  readonly origin: string
}

export interface PluginPermissions {
  readonly fs_read: readonly string[]
  readonly fs_write: readonly string[]
  readonly net: boolean
  readonly child_process: boolean
}
