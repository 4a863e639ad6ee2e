// What the router tells the rest of the engine.
import type { FunctionEntry } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'

export interface RouterEvents {
  /** The set of function ids changed. */
  onFunctionsChanged(): void
  /** A provider of the function came or went. */
  onProvidersChanged(entry: FunctionEntry): void
  /** Nobody came back for the id within the restart grace. */
  onForgotten(entry: FunctionEntry): void
  onWorkerAdded(worker: Worker): void
  onWorkerEnded(worker: Worker): void
}
