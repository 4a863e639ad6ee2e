// `definePlugin` and the types a plugin author sees (spec 09 §2). Published as `iii-host/plugin`.
import type { JsonSchema } from '../base/values/json-schema.ts'
import type { Handle } from './handle.ts'

/** How a plugin is kept apart from the others: in a thread with other small plugins, in its own thread, or in its own process. */
export type Isolation = 'shared' | 'thread' | 'process'

export type { JsonSchema }

export interface PluginLog {
  trace(message: string, data?: unknown): void
  debug(message: string, data?: unknown): void
  info(message: string, data?: unknown): void
  warn(message: string, data?: unknown): void
  error(message: string, data?: unknown): void
}

export interface PluginContext<Config = Readonly<Record<string, unknown>>> {
  /** Registers and calls functions and triggers; the same interface as an external worker's. */
  readonly iii: Handle
  /** The `config` block of the entry, validated, with defaults filled in, frozen. */
  readonly config: Config
  readonly log: PluginLog
  /** Folder of this plugin alone, absolute; created on first access. */
  readonly dataDir: string
  /** Aborted when this generation ends. */
  readonly signal: AbortSignal
  /** 0 … replicas − 1. */
  readonly replica: number
  readonly engine: { readonly version: string; readonly url: string; readonly projectRoot: string }
}

export type StopReason = 'reload' | 'stop' | 'shutdown'

export interface RunningPlugin<Config = Readonly<Record<string, unknown>>> {
  /** Finishes work and releases resources, within `engine.stop_ms` (10 s). */
  stop?(context: { readonly reason: StopReason }): void | Promise<void>
  /** Applies a changed configuration in place. Returning false or throwing leads to a full change of generation. */
  reconfigure?(config: Config): void | boolean | Promise<void | boolean>
  /** Addresses on which it takes connections, such as `ws://127.0.0.1:3112`, for whoever looks at the plugin. Asked after a start or reconfigure. */
  addresses?(): readonly string[]
}

export interface PluginDefinition<Config = Readonly<Record<string, unknown>>> {
  /** `[a-z][a-z0-9-]{0,63}`, equal to the folder or file name. */
  readonly name: string
  readonly description?: string
  readonly version?: string
  /** Schema of the `config` block. Default: `{ type: 'object', additionalProperties: false }`. */
  readonly config?: JsonSchema
  /** Plugins that must run first. */
  readonly requires?: readonly string[]
  /** Default `thread`. An entry in the configuration wins. */
  readonly isolation?: Isolation
  /** Owns no port, file or order of its own: a new generation starts before the old one stops; `replicas` are possible. */
  readonly overlap?: boolean
  /** Built-ins and plugins that replace them only. */
  readonly seats?: readonly string[]
  start(context: PluginContext<Config>): void | RunningPlugin<Config> | Promise<void | RunningPlugin<Config>>
}

/** Declares a plugin. Returns its argument; exists for the types. */
export function definePlugin<Config = Readonly<Record<string, unknown>>>(
  definition: PluginDefinition<Config>,
): PluginDefinition<Config> {
  return definition
}
