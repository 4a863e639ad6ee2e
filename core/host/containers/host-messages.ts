// What the plugin host and a thread or process of plugins say to each other about one plugin, as JSON in host frames.
// They travel in the same ring as calls and registrations, so `started` comes after everything that `start()` registered.
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { HealthState, StopReason } from '../../../sdk/plugin.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { ProcessRequest } from '../processes/process-messages.ts'

/** What `start(context)` needs besides the handle. */
export interface StartContext {
  readonly config: Readonly<Record<string, unknown>>
  readonly dataDir: string
  readonly replica: number
  readonly instance: string
  /** It shares a thread until it is used. */
  readonly rests: boolean
  readonly engine: { readonly version: string; readonly url: string; readonly projectRoot: string }
}

/** One request at a time and plugin; each is answered by exactly one reply, unless it says otherwise. */
export type HostRequest =
  | { readonly op: 'load'; readonly plugin: string; readonly url: string }
  | { readonly op: 'start'; readonly context: StartContext }
  | { readonly op: 'reconfigure'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly op: 'stop'; readonly reason: StopReason }
  /** Answered at once: what was sent before it has been read, also after `stop`. */
  | { readonly op: 'read' }
  | { readonly op: 'usage' }
  /** Not answered: the listeners of the engine are open, the first one at this URL. Comes after the reply of `start`. */
  | { readonly op: 'listening'; readonly url: string }
  /** To be read, and not to be answered. */
  | { readonly op: 'nudge' }

export interface Usage {
  readonly memoryBytes: number
  /** 0 … 1 since the last question. */
  readonly eventLoopUtilization: number
}

export interface HostReplies {
  readonly load: PluginDeclaration
  readonly start: null
  /** False: the plugin can't apply it in place. */
  readonly reconfigure: boolean
  readonly stop: null
  readonly read: null
  readonly usage: Usage
  readonly listening: never
  readonly nudge: never
}

/** What is to become of one that rested: it goes into a thread of its own, or can't be moved any more. */
export type Used = 'leaves' | 'stays'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export type PluginMessage =
  | { readonly re: HostRequest['op']; readonly ok: unknown }
  | { readonly re: HostRequest['op']; readonly error: ErrorBody }
  /** What it listens on now. Comes before the reply of `start` or `reconfigure`. */
  | { readonly addresses: readonly string[] }
  /** How a part of it is from now on. */
  | { readonly health: string; readonly state: HealthState }
  /** It rested, and is used. */
  | { readonly used: Used }
  /** About a process of the plugin; answered by `ProcessEvent`s. */
  | { readonly process: ProcessRequest }
  | { readonly log: LogLevel; readonly message: string; readonly data?: unknown }
