// What every operation is given. With an engine, operations run in its plugin; without, in the command line.
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { WorkerEvents } from '../events.ts'
import type { WorkerInstaller } from '../installing.ts'
import type { Project } from '../project.ts'
import type { ProjectLock } from '../project-lock.ts'
import type { ConnectedWorker, RunningWorkers } from '../running/running-workers.ts'

export interface OperationDeps {
  readonly project: Project
  readonly lock: ProjectLock
  readonly log: PluginLog
  readonly events: WorkerEvents
  /** Loaded when it is first used. */
  readonly installer: () => Promise<WorkerInstaller>
  /** undefined: no engine runs, only files are changed. */
  readonly engine: EngineSide | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What operations need of the engine that they run in. */
export interface EngineSide {
  readonly workers: RunningWorkers
  /** Takes up the configuration file as it is now; says why it is not in force, undefined when it is. */
  reload(): Promise<string | undefined>
  /** Why the file as it is now is not in force; undefined when it is. */
  problem(): Promise<string | undefined>
  /** Workers that are connected. */
  connected(): Promise<readonly ConnectedWorker[]>
  /** Plugins, built-in ones included, by name: the state of each. */
  plugins(): Promise<ReadonlyMap<string, string>>
  /** How long `wait` waits for a worker to be ready. */
  readonly readyMs: number
  /** Of the listener that workers connect to; undefined: there is none. */
  readonly port: number | undefined
}
