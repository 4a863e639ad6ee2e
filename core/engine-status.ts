// What a running engine says about itself: the answer of `Engine.status()`, shown by the start-up screen. Plain data.
import type { Isolation } from '../sdk/plugin.ts'

/** `changing`: a changed configuration is being brought into force. */
export type EngineState = 'starting' | 'running' | 'changing' | 'closing' | 'closed'

/** What an engine says of itself. */
export interface EngineStatus {
  readonly version: string
  readonly state: EngineState
  /** Absolute path; null when the embedded default is used. */
  readonly configFile: string | null
  readonly projectRoot: string
  /** From the start of the process to listening. */
  readonly startMs: number
  readonly listeners: readonly ListenerStatus[]
  /** Where `GET /health` is answered: `http://127.0.0.1:3113/health`. Undefined where that is not configured. */
  readonly healthUrl?: string
  /** All known plugins, those without an entry (`available`) included, sorted by name. */
  readonly plugins: readonly PluginStatus[]
  /** Odd things that did not stop the start: whole sentences that name the file or entry. */
  readonly warnings: readonly string[]
  /**
   * What was to end and has not, in words: threads of plugins that something blocks outside of JavaScript, and, once the engine was
   * closed, parts of it that did not end in time and writes that did not come back. The process ends at its `exit` all the same, with its exit code, and waits for no thread.
   */
  readonly abandoned: readonly string[]
}

/** A listener of the engine. */
export interface ListenerStatus {
  /** `ws://127.0.0.1:49134` */
  readonly url: string
  /** Sessions of this listener are under a policy. */
  readonly rbac: boolean
}

/** The part of a row of `engine::plugins::list` (spec 09 §3) that a person wants at start. */
export interface PluginStatus {
  readonly name: string
  /** `built-in`, or the path relative to the project root. */
  readonly origin: string
  readonly state: string
  /** Null for a plugin whose code could not be read. */
  readonly isolation: Isolation | null
  /** Null for a plugin that never ran. */
  readonly load_ms: number | null
  /** A user plugin that stands in for the built-in of its name. */
  readonly replaces?: boolean
  /** What it listens on, beside the listeners of the engine. */
  readonly addresses?: readonly string[]
  /** It runs with what was set at run time, and not with its block in the configuration file. */
  readonly settings?: 'stored'
  /** Why it failed, or why newer code was refused. */
  readonly error?: string
}
