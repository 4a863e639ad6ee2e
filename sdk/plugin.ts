// `definePlugin` and the types a plugin author sees (spec 09 §2). Published as `iii-host/plugin`.
import type { JsonSchema } from '../base/values/json-schema.ts'
import type { NotSaid } from './call-types.ts'
import type { PluginHandle } from './plugin-handle.ts'
import type { FromSchema } from './schema-type.ts'

export type { Channel, Handle, HttpInvocation, TriggerRef, TriggerTypeRef } from './handle.ts'
export type { CallFunction, CallRequest, EnqueueResult } from './call-types.ts'
export type { ChannelEnd, ChannelReader } from './channel-reader.ts'
export type { ChannelWriter } from './channel-writer.ts'
export type { OfferedChannel, OfferedEnd } from './offered-channels.ts'
export type { FanOut } from './fan-outs.ts'
export type { PluginHandle } from './plugin-handle.ts'
export { InvocationError } from './errors.ts'
export type {
  Action,
  ChannelRef,
  FunctionOptions,
  FunctionRef,
  Handler,
  TriggerBinding,
  TriggerInput,
  TriggerRequest,
  TriggerTypeHandler,
  TriggerTypeInput,
} from './handle-types.ts'
export type * from './known-ids.ts'
export { RawJson } from './raw-json.ts'
export type { FromSchema } from './schema-type.ts'
export { TriggerAction } from './trigger-action.ts'

/** How a plugin is kept apart from the others: in a thread with other small plugins, in its own thread, or in its own process. */
export type Isolation = 'shared' | 'thread' | 'process'

export type { JsonSchema }

/** Writes lines into the engine's log, with the plugin's name. `data` may be anything; an error is written with its stack. */
export interface PluginLog {
  trace(message: string, data?: unknown): void
  debug(message: string, data?: unknown): void
  info(message: string, data?: unknown): void
  warn(message: string, data?: unknown): void
  error(message: string, data?: unknown): void
}

/** What `start` gets. */
export interface PluginContext<Config = Readonly<Record<string, unknown>>> {
  /** Registers and calls functions and triggers; the same interface as an external worker's, and `offerChannel`. */
  readonly iii: PluginHandle
  /** The `config` block of the entry, validated, with defaults filled in, frozen. */
  readonly config: Config
  readonly log: PluginLog
  /** Folder of this instance alone, absolute; created on first access. */
  readonly dataDir: string
  /** Aborted when this generation ends. */
  readonly signal: AbortSignal
  /** 0 … replicas − 1. */
  readonly replica: number
  /** Id of this entry of the configuration: the plugin's name, for the second entry of that name `NAME#1`, and so on. */
  readonly instance: string
  /** The engine: its version, the URL of its first listener (empty while it boots), and the absolute path of the project. */
  readonly engine: { readonly version: string; readonly url: string; readonly projectRoot: string }
  /** Starts processes that belong to this generation. */
  readonly processes: PluginProcesses
  /**
   * Tells how a part of this plugin is, for `engine::health::check`: a `degraded` one makes the engine degraded. What was said last counts
   * until this generation ends; a part is shown from its first report on. A name that the engine itself uses is not shown. Throws for a
   * name that is not `[a-z][a-z0-9-]{0,63}`, for more than 8 parts, and for details of more than 4,096 characters as JSON.
   */
  reportHealth(part: string, state: HealthState): void
  /** Built-ins only: it shares a thread, as it has not been used yet. Undefined in a thread of its own. */
  readonly rest?: Rest
}

/**
 * What a built-in says that has not been used in this project, and rests in the thread of others until then. Calls of it by anybody but the
 * engine wait, and wake it by themselves. Both return at once; only the first one counts.
 */
export interface Rest {
  /** It is used now: it goes into a thread of its own by a change of generation. */
  leave(): void
  /** It is used now and can't be moved without being noticed: it stays where it is until the engine is started again. */
  stay(): void
}

/** How a part of a plugin is. */
export interface HealthState {
  readonly status: 'healthy' | 'degraded'
  /** Anything that helps, as JSON. Default `{}`. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Where a process wrote a line to. */
export type ProcessStream = 'stdout' | 'stderr'

/** A process to be started. */
export interface ProcessOptions {
  /** A program, looked for in `PATH`, or a path. No shell is used. */
  readonly command: string
  readonly args?: readonly string[]
  /** Relative to the project root, which is the default. */
  readonly cwd?: string
  /** Added to the environment of the engine. */
  readonly env?: Readonly<Record<string, string>>
  /** What it is called in the log. Default: the command. */
  readonly name?: string
  /** Gets what the process writes, appended, instead of the plugin's log. Relative to `dataDir`. */
  readonly logFile?: string
  /** Milliseconds between SIGTERM and SIGKILL when it is ended. Default 5000; never more than `engine.stop_ms` at the end of a generation. */
  readonly stop_ms?: number
  /** Gets each line that the process writes, without its end, instead of the plugin's log. Lines are cut at 16 KiB. */
  onLine?(line: string, stream: ProcessStream): void
}

/** How a process ended: exactly one of both is set. */
export interface ProcessExit {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
}

/** A process that runs, or has run. */
export interface PluginProcess {
  readonly pid: number
  readonly name: string
  /** Resolves when the process and whatever it left in its process group have ended. */
  readonly exited: Promise<ProcessExit>
  /** SIGTERM to its process group, SIGKILL after `graceMs` (default: its `stop_ms`; 0 = at once). Resolves as `exited` does. */
  stop(options?: { readonly graceMs?: number }): Promise<void>
}

/** `processes` of the context. */
export interface PluginProcesses {
  /**
   * Starts a process in a process group of its own. It ends with this generation, also when the plugin crashes, and with the engine,
   * however that ends. At most 64 run at a time. Rejects when it can't be started, with `overloaded` above that number, and with
   * `FORBIDDEN` where `permissions` of the entry lack `child_process`.
   */
  start(options: ProcessOptions): Promise<PluginProcess>
}

/** Why a generation is stopped: a new one takes over, the plugin is to stop, the engine ends. */
export type StopReason = 'reload' | 'stop' | 'shutdown'

/** What `start` may return: how the host talks to the generation that runs. */
export interface RunningPlugin<Config = Readonly<Record<string, unknown>>> {
  /** Finishes work and releases resources, within `engine.stop_ms` (10 s). */
  stop?(context: { readonly reason: StopReason }): void | Promise<void>
  /** Applies a changed configuration in place. Returning false or throwing leads to a full change of generation. */
  reconfigure?(config: Config): void | boolean | Promise<void | boolean>
  /**
   * Workers can connect to the engine at this URL, that of its first listener. Called after `start` once the listeners are open, and
   * again when the URL has changed. What it throws is logged.
   */
  listening?(url: string): void | Promise<void>
  /** Addresses on which it takes connections, such as `ws://127.0.0.1:3112`, for whoever looks at the plugin. Asked after a start or reconfigure. */
  addresses?(): readonly string[]
}

/** What `definePlugin` takes. */
export interface PluginDefinition<Config = Readonly<Record<string, unknown>>> {
  /** `[a-z][a-z0-9-]{0,63}`, equal to the folder or file name. */
  readonly name: string
  /** A sentence, shown in listings. */
  readonly description?: string
  /** Shown in listings. */
  readonly version?: string
  /**
   * Schema of the `config` block. Default: `{ type: 'object', additionalProperties: false }`. `x-file-minimum` beside a `minimum` counts in
   * its place for what the configuration file says.
   */
  readonly config?: JsonSchema
  /** Plugins that must run first. */
  readonly requires?: readonly string[]
  /** Default `thread`. An entry in the configuration wins. */
  readonly isolation?: Isolation
  /** Owns no port, file or order of its own: a new generation starts before the old one stops; `replicas` are possible. */
  readonly overlap?: boolean
  /**
   * May have several entries in the configuration, each of which is an instance of its own: with its settings, its `dataDir`, its
   * functions. Default false.
   */
  readonly repeatable?: boolean
  /** Built-ins and plugins that replace them only. */
  readonly seats?: readonly string[]
  /**
   * Registers what the plugin offers, within `engine.start_ms` (10 s). Throwing, or registering an id of somebody else, refuses the
   * generation: the one before it serves on.
   */
  start(context: PluginContext<Config>): void | RunningPlugin<Config> | Promise<void | RunningPlugin<Config>>
}

/** The type of `config`: the one that is said, else the one that the schema describes. */
export type ConfigOf<Config, Schema> = [Config] extends [NotSaid]
  ? JsonSchema extends Schema
    ? Readonly<Record<string, unknown>>
    : FromSchema<Schema>
  : Config

/**
 * Declares a plugin. Returns its argument; exists for the types: `config` is typed by the schema that is written in the definition, or
 * by a type that is said: `definePlugin<Settings>({ … })`.
 *
 * ```ts
 * export default definePlugin({
 *   name: 'hello',
 *   config: { type: 'object', properties: { greeting: { type: 'string', default: 'Hello' } } },
 *   start({ iii, config }) {
 *     iii.registerFunction('hello::greet', ({ name }: { name: string }) => `${config.greeting}, ${name}`)
 *   },
 * })
 * ```
 */
export function definePlugin<Config = NotSaid, const Schema extends JsonSchema = JsonSchema>(
  definition: PluginDefinition<ConfigOf<Config, Schema>> & { readonly config?: Schema },
): PluginDefinition<ConfigOf<Config, Schema>> {
  return definition
}
