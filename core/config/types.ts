// The configuration after reading, interpolation and merging: what the engine is to run. Plain data.
import type { Isolation } from '../../sdk/plugin.ts'
import type { EngineOptions } from '../model/options.ts'

/** A configuration that was read and checked. */
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
  /** Lines of its parts, by JSON pointer inside it: `/config/port`. Absent where it stands in no file. */
  readonly lines?: Readonly<Record<string, number>>
  /**
   * Of `config`: the texts of lone placeholders that YAML does not read as texts, by JSON pointer inside it. Which of the two counts is
   * for the worker's schema to say.
   */
  readonly texts?: Readonly<Record<string, string>>
}

export interface PluginPermissions {
  readonly fs_read: readonly string[]
  readonly fs_write: readonly string[]
  readonly net: boolean
  readonly child_process: boolean
}
