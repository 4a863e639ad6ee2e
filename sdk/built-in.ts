// What others need to know of a built-in worker: configuration, policy, CLI, documentation and benchmark read it, and nothing but this.
// Types alone. Each worker says it of itself in `plugins/<folder>/about.ts`; `plugins/built-ins.ts` is the one table of them.
import type { ArgsDef, CommandDef } from 'citty'
import type { JsonSchema } from '../base/values/json-schema.ts'
import type { FunctionOptions, FunctionRef, Handler, TriggerTypeInput } from './handle-types.ts'

/** How a worker is known, whether or not this version has it. Plain data. */
export interface WorkerAbout {
  /** Canonical: shown in listings, id of its entry, owner of its functions. */
  readonly name: string
  /** Short name that a configuration may use instead. */
  readonly alias?: string
  /** Names of the worker in the style of iii 0.10 and older. */
  readonly classes?: readonly string[]
  /** Classes of its adapters in that style, each with the name that replaced it. */
  readonly adapterClasses?: Readonly<Record<string, string>>
  /** Ids of the trigger types that it provides, `*` as wildcard. */
  readonly triggerTypes?: readonly string[]
  /** Ids of the functions by which others know it, `*` as wildcard. */
  readonly functionIds?: readonly string[]
  /** Seats that it holds. */
  readonly seats?: readonly string[]
  /** Ids of functions that a wildcard in the grants of a session does not reach; `*` as wildcard. */
  readonly exactGrants?: readonly string[]
  /** Of `triggerTypes` those that tell what all of the engine does: a session binds them only where its rights name them. */
  readonly exactTriggerTypes?: readonly string[]
  /** Added where a configuration does not name it. */
  readonly mandatory?: true
  /** Environment variable that keeps a mandatory worker from being added. */
  readonly keptOutBy?: string
  /** May stand in a configuration more than once. Default: a second entry is an error. */
  readonly repeatable?: true
}

/** What a worker of this version says of itself. Whatever takes code is loaded when it is asked for. */
export interface BuiltInAbout extends WorkerAbout {
  /** Runs where there is no configuration file. */
  readonly isDefault?: true
  /** Its own error codes with their meaning, one sentence or two without `|`. */
  readonly errors?: Readonly<Record<string, string>>
  /** The settings that hold the address on which it takes connections, and what counts where they are not written. */
  readonly listens?: {
    readonly host: string
    readonly port: string
    readonly defaults: { readonly host: string; readonly port: number }
  }
  /** Arguments of `iii` that show what it does, for the start-up screen: `trigger notes::list folder=todo`. */
  readonly tryNext?: string
  /** Commands of the CLI that it adds, by name. */
  readonly commands?: Readonly<Record<string, BuiltInCommand>>
  /** Scenarios of `iii bench` that it adds, by name; each module's default export is a `Scenario` of `bench/`. */
  readonly scenarios?: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>>
  /** JSON Schema of its `config` block. Default: it takes no settings. */
  readonly config?: () => Promise<JsonSchema>
  /**
   * Of the worker that keeps what is set at run time: the folder of its files `NAME.yaml`, relative to the project root, for this
   * `config` block as written; undefined where they are no files of this engine.
   */
  readonly settingsFolder?: (config: Readonly<Record<string, unknown>>) => Promise<string | undefined>
  /** Of the same worker: what one of these files says, and whether that counts. Undefined where there is none. */
  readonly readStored?: (question: StoredQuestion) => Promise<StoredReading | undefined>
  /**
   * Of the worker that runs entries which are no plugins: whether it would run this one of a project, as far as files tell. Asked before it
   * runs, and where nothing runs.
   */
  readonly wouldRun?: (
    entry: { readonly name: string; readonly workerPath: string | undefined },
    projectRoot: string,
  ) => Promise<boolean>
  /** Of the same worker: what is wrong with an entry that it would run, without a full stop; a start refuses that. */
  readonly wouldRefuse?: (
    entry: { readonly name: string; readonly workerPath: string | undefined },
    projectRoot: string,
  ) => Promise<string | undefined>
  /**
   * Of a worker that shares a thread at rest: whether it may go into one of its own when there is much to do, and nobody notices but by the
   * speed. Where it may not with these settings, as what it holds in memory would be lost, it has a thread of its own from the start.
   * Default: it stays in the shared one.
   */
  readonly leavesWhenBusy?: (config: Readonly<Record<string, unknown>>) => boolean
  /**
   * Of a worker with a thread of its own: whether it rests in a shared one, with these settings, as long as it has not been used in the
   * project. It has `rest` in its context then. Default: it does not.
   */
  readonly restsUntilUsed?: (config: Readonly<Record<string, unknown>>) => boolean
  /** The least `config` block with which it starts. Default: an empty one. */
  readonly leastConfig?: Readonly<Record<string, unknown>>
  /** What is limited in it. */
  readonly bounds?: () => Promise<readonly Bound[]>
  /** Declares its functions for the reference; nothing of it runs. */
  readonly declareFunctions?: (registrar: FunctionRegistrar) => Promise<void>
  /** Its trigger types, as it registers them. */
  readonly declareTriggerTypes?: () => Promise<readonly TriggerTypeInput[]>
}

/** About one file of settings that were set at run time. */
export interface StoredQuestion {
  /** Absolute path. */
  readonly file: string
  /** By which the file is named. */
  readonly id: string
  /** The plugin's `config` block in the configuration file. */
  readonly block: Readonly<Record<string, unknown>>
  /** Of the plugin's settings, where it is known. */
  readonly schema?: JsonSchema
  readonly env: Readonly<Record<string, string | undefined>>
  readonly engineVersion: string
}

export type StoredReading =
  /** `value`: placeholders replaced, defaults not filled in; `ofBlock`: the members of it that still come from the block. */
  | { readonly counts: true; readonly value: Readonly<Record<string, unknown>>; readonly ofBlock: readonly string[] }
  /** `why`: in words, without a capital and a full stop. */
  | { readonly counts: false; readonly why: string }

/** A row of the table of built-in workers. */
export interface BuiltIn {
  /** Absolute path of the folder with the worker's `index`. */
  readonly folder: string
  readonly about: BuiltInAbout
}

/** A row of docs/reference/limits.md. Texts may hold Markdown. */
export interface Bound {
  /** What is limited. */
  readonly limit: string
  /** The option that sets it; undefined = it can't be changed. */
  readonly option?: string
  /** Its default, with the unit. */
  readonly initial: string
  /** What happens at the limit. */
  readonly effect: string
}

/** The part of the handle that registering functions needs. */
export interface FunctionRegistrar {
  registerFunction(id: string, handler: Handler, options?: FunctionOptions): FunctionRef
}

export interface BuiltInCommand {
  /** A sentence for the help, without a full stop. */
  readonly summary: string
  readonly aliases?: readonly string[]
  /** Paths (`iii notes export`) of the commands that take any number of words behind their positional arguments. */
  readonly takesWords?: readonly string[]
  /** For the help, by path (`iii notes`, `iii notes export`): lines to type, each with what it is for. */
  readonly examples?: Readonly<Record<string, readonly (readonly [line: string, purpose: string])[]>>
  /** What a shell offers for an argument that is no file, by path and argument. */
  readonly completes?: Completions
  /** Sub-commands of iii that this engine does not have, by path (`iii notes share`), each with what to do instead. */
  readonly notProvided?: Readonly<Record<string, string>>
  /** The module's default export makes the command. */
  readonly load: () => Promise<{ readonly default: (tools: CommandTools) => CommandDef<any> }>
}

/** By path (`iii notes export`) and name of the argument. */
export type Completions = Readonly<Record<string, Readonly<Record<string, CompletionSource | 'folders'>>>>

/** A function of the engine whose answer has the words that a shell offers. */
export interface CompletionSource {
  readonly functionId: string
  readonly input?: Readonly<Record<string, unknown>>
  /** Member of the answer that holds the rows. */
  readonly rows: string
  /** Member of a row that is the word. */
  readonly word: string
  /** What begins as a path does is one of a folder. */
  readonly orFolder?: boolean
}

/** What the CLI hands to the command of a built-in worker. */
export interface CommandTools {
  /** Options that say which engine is meant; a command that calls one takes them among its own. */
  readonly connectionArgs: ArgsDef
  /**
   * Calls a function of the engine that the options name.
   * Rejects with an error that the CLI shows as it is: no engine, no answer in time, or the function's own error.
   */
  call(args: Readonly<Record<string, unknown>>, functionId: string, data: unknown): Promise<unknown>
  /**
   * For several calls, one after the other, of the engine at an address: a host, HOST:PORT or a ws:// URL. It never shows up among the workers.
   * A call rejects as `call` does; `isUnreachable` tells whether an engine is there at all.
   */
  connect(address: string): CommandConnection
  /**
   * The project that a command is about: the configuration file that `iii start` would take, and what it says.
   * Rejects for a file that was named and is not there.
   */
  project(configFile?: string): Promise<CommandProject>
  /** Writes rows as aligned columns to stdout. */
  printTable(rows: readonly Readonly<Record<string, string>>[]): void
  /** Writes one line to stdout. */
  print(line: string): void
  /** A text for people in which `iii COMMAND` is what can be typed here: `npx iii COMMAND` where no shell finds `iii`. */
  typed(text: string): string
  /** Writes lines to stdout and waits for a slow reader. False when nobody reads any more. */
  write(lines: readonly string[], stopped?: AbortSignal): Promise<boolean>
  /** Writes one line to stderr: for people, no result. `iii COMMAND` becomes what can be typed. */
  note(line: string): void
  /** Lines on the terminal that are written over; undefined where the stream is none. Notes go to stderr, results to stdout. */
  live(stream: 'stdout' | 'stderr'): LiveLines | undefined
  /** Asks whoever sits at the terminal; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** Runs until it has ended, or Ctrl-C or SIGTERM asks it to. */
  untilStopped<Value>(run: (stopped: AbortSignal) => Promise<Value>): Promise<Value>
  /** What the user reads in the place of a stack trace; exit code 1. `isUsage`: the command line is wrong; exit code 2. */
  failure(message: string, options?: { readonly isUsage?: boolean; readonly cause?: unknown }): Error
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export interface CommandConnection {
  /** @param timeoutMs for connecting and the answer; default 30,000 */
  call(functionId: string, data: unknown, timeoutMs?: number): Promise<unknown>
  /** True of an error of `call`: no engine, or it has gone. False: the engine has answered so. */
  isUnreachable(error: unknown): boolean
  close(): void
}

export interface CommandProject {
  /** Absolute; undefined where there is none. */
  readonly configFile: string | undefined
  /** Folder of the configuration file, else the working directory. */
  readonly root: string
  /** HOST:PORT of its first listener, where the file says a port. */
  readonly address: string | undefined
  /** The `config` block of the first entry of a worker, placeholders replaced; empty where there is none. */
  block(worker: string): Readonly<Record<string, unknown>>
}

export interface LiveLines {
  /** Writes these in the place of those before. */
  show(lines: readonly string[]): void
  /** What is shown stays, and what comes goes below it. */
  end(): void
}
