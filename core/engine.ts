// What the package offers to programs that run an engine in their own process. running-engine.ts is the engine.
import { keepTickShape } from '../base/process/keep-tick-shape.ts'
import type { BuiltIn, WorkerAbout } from '../sdk/built-in.ts'
import type { GivenConfig } from './config/source.ts'
import type { EngineStatus } from './engine-status.ts'
import type { Log } from './log.ts'
import type { LocalHandler } from './model/function-entry.ts'
import { RunningEngine } from './running-engine.ts'

export type { EngineConfig } from './config/types.ts'
export type { GivenConfig } from './config/source.ts'
export type { EngineState, EngineStatus, ListenerStatus, PluginStatus } from './engine-status.ts'

export interface StartOptions {
  /**
   * What to run: the value of a configuration (`{ workers: […] }`), its text in YAML, or what was loaded before. Relative paths in it
   * refer to `cwd`. Default: the configuration file.
   */
  readonly config?: GivenConfig
  /** Path of the configuration file, absolute or relative to `cwd`. Default: the first of the usual names that is there. */
  readonly configPath?: string
  /** Run with the built-in defaults and no file. Default false. */
  readonly useDefaultConfig?: boolean
  /** Odd things in the configuration are errors. Default false. */
  readonly strictConfig?: boolean
  /** Take up changes of the configuration file and of plugins. Default true. */
  readonly watch?: boolean
  /** Default: the working directory of the process. */
  readonly cwd?: string
  /** What `${NAME}` in the configuration stands for. Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv
  /** Default: to standard error. */
  readonly log?: Log
  /** When the start began, on the clock of `performance.now()`: 0 counts the start of the process. Default: now. */
  readonly began?: number
  /** Ends waiting for an address that is held though nobody listens there; the start fails then. Default: nothing does. */
  readonly signal?: AbortSignal | undefined
  /** The table of built-in workers. Default: none. */
  readonly builtIns?: readonly BuiltIn[]
  /** Workers that a configuration may name although this version has not got them. Default: none. */
  readonly absentWorkers?: readonly WorkerAbout[]
  /** Functions that run in the router thread, by id. */
  readonly localFunctions?: Readonly<Record<string, LocalHandler>>
}

/** How `engine.call` calls. */
export interface CallOptions {
  /** How long to wait for the answer, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /** Default `default`. */
  readonly namespace?: string
}

/** A running engine. */
export interface Engine {
  /** Address of the first listener, such as `ws://127.0.0.1:49134`: what processes started by the engine are told. */
  readonly url: string
  /**
   * Calls a function of any worker, with all rights.
   * @param payload anything that JSON can hold. Default null.
   * @returns the result, undefined when the function gave none.
   * @throws CodedError with the code of the callee's error; `function_not_found` when nobody provides it; `timeout`.
   */
  call(functionId: string, payload?: unknown, options?: CallOptions): Promise<unknown>
  status(): EngineStatus
  /**
   * Stops plugins in reverse order, then closes the sockets with 1012. Safe to call twice. Every part has a deadline; those that did
   * not keep it are named in `status().abandoned`.
   * @param reason for the log.
   */
  close(reason?: string): Promise<void>
}

/**
 * Starts an engine. Asks nobody and writes no configuration file.
 * @throws ConfigError for a bad configuration, StartError when a built-in plugin or a listener can't start; both say what to do.
 */
export function startEngine(options: StartOptions = {}): Promise<Engine> {
  keepTickShape()
  return RunningEngine.start(options)
}
