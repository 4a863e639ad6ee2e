// What is said about processes that plugins start: between a plugin's thread or process and the host, and between host and keeper.
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { ProcessExit, ProcessStream } from '../../../sdk/plugin.ts'

/** One process to be started; paths are absolute. */
export interface ProcessOrder {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to the environment of the engine. */
  readonly env: Readonly<Record<string, string>>
  /** Gets both streams instead of the log; null = none. */
  readonly logFile: string | null
  /** What it gets, once told to end, before it is killed. */
  readonly stopMs: number
}

/** From a plugin. `id` is the plugin's own number for the process. */
export type ProcessRequest =
  | {
      readonly op: 'start'
      readonly id: number
      readonly name: string
      readonly order: ProcessOrder
      /** The plugin wants the lines itself. */
      readonly lines: boolean
    }
  | { readonly op: 'stop'; readonly id: number; /** null = what the order says. */ readonly graceMs: number | null }

export type OutputLine = readonly [stream: ProcessStream, text: string]

/** To the plugin. */
export type ProcessEvent = { readonly process: number } & (
  | { readonly pid: number }
  | { readonly refused: ErrorBody }
  | { readonly lines: readonly OutputLine[] }
  | { readonly exited: ProcessExit }
)

/** To the keeper. `id` is the host's number for the process. */
export type KeeperOrder =
  | ({ readonly op: 'start'; readonly id: number } & ProcessOrder)
  | { readonly op: 'stop'; readonly id: number; readonly graceMs: number }
  /** A process that the engine started itself, and ends itself while it lives. */
  | { readonly op: 'guard' | 'release'; readonly pid: number }

/** From the keeper. */
export type KeeperReport = { readonly id: number } & (
  | { readonly pid: number }
  | { readonly failed: string }
  | { readonly lines: readonly OutputLine[] }
  /** Lines above the rate, since the last report. */
  | { readonly dropped: number }
  /** It and whatever it left in its process group are gone. */
  | { readonly exited: ProcessExit }
)
