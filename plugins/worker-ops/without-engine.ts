// Operations where no engine runs, for the command line: they change files, and the next start of the engine takes them up.
import type { PluginLog } from '../../sdk/plugin.ts'
import { NO_EVENTS } from './events.ts'
import type { WorkerInstaller } from './installing.ts'
import type { OperationDeps } from './operations/deps.ts'
import { ProjectLock } from './project-lock.ts'
import type { Project } from './project.ts'

export interface WithoutEngineOptions {
  readonly log: PluginLog
  readonly env: Readonly<Record<string, string | undefined>>
  /** Loaded when it is first used. */
  readonly installer: () => Promise<WorkerInstaller>
}

/** To be handed to the functions of `operations/`. */
export function operationsWithoutEngine(project: Project, options: WithoutEngineOptions): OperationDeps {
  return { project, lock: new ProjectLock(project.root), events: NO_EVENTS, engine: undefined, ...options }
}
