// What the supervisor tells and takes, for operations and listings: types alone.
import type { WorkerSpec } from './worker-spec.ts'

/**
 * `installing`: its artifacts are fetched, or its install script runs. `starting`: its process runs, and it is not ready yet. `running`:
 * it is. `backing off`: it ended, and is started again in a while. `stopping`: its process was told to end. `stopped`: nobody wants it to
 * run. `gave up`: it ended too often.
 */
export type WorkerState = 'installing' | 'starting' | 'running' | 'backing off' | 'stopping' | 'stopped' | 'gave up'

/** One worker that the engine runs, or would. */
export interface RunningWorker {
  readonly name: string
  /** Its entry, as it is in force. */
  readonly spec: WorkerSpec
  readonly state: WorkerState
  /** Of its process, while there is one. */
  readonly pid: number | undefined
  /** What went wrong last, in words; undefined = nothing has. */
  readonly problem: string | undefined
  /** The last lines that its process wrote. */
  readonly tail: { readonly stdout: readonly string[]; readonly stderr: readonly string[] }
}

/** A worker that is connected to the engine. */
export interface ConnectedWorker {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly connectedAt: number
  readonly name: string | undefined
  readonly pid: number | undefined
  readonly version: string | undefined
}

/** `ended`: its process ended before it was ready. `late`: it was not ready in time. */
export type Readiness = 'ready' | 'ended' | 'late'

export interface StartOptions {
  /** Of the listener that it is to connect to. Default: the first one. */
  readonly port?: number
  /** Path of a file, handed to a binary as `--config`. */
  readonly config?: string
}

export interface RunningWorkers {
  /** Those of the entries in force. */
  list(): readonly RunningWorker[]
  get(name: string): RunningWorker | undefined
  /** Runs it again, from the install script on. Its entry must be in force. */
  start(name: string, options?: StartOptions): void
  /** Resolves when its process, and whatever that started, is gone. It stays so until `start`. */
  stop(name: string): Promise<void>
  /** Resolves when it is ready, has ended before, or `ms` have passed. */
  ready(name: string, ms: number): Promise<Readiness>
  /** Resolves when nothing is left of a worker whose entry was removed. */
  ended(name: string): Promise<void>
  /** Its install script runs again before it is started next. */
  forgetInstallation(name: string): Promise<void>
  /** Runs the install script of a local worker, if it has not run for what is there now. @throws W160 */
  install(name: string, folder: string): Promise<void>
}
