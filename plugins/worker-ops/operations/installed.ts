// What is known of a worker without asking whether it runs: its entry, and what `iii.lock` pins. Where there is no lock file nothing was
// ever installed, and nothing that could know is loaded.
import { access } from 'node:fs/promises'
import { builtInWorker, canonicalName } from '../built-in-workers.ts'
import { ConfigFile, type FileEntry } from '../config-file/config-file.ts'
import type { PlannedWorker } from '../installing.ts'
import type { Project } from '../project.ts'
import type { EngineSide, OperationDeps } from './deps.ts'

export async function hasLockFile({ lockFile }: Project): Promise<boolean> {
  return access(lockFile).then(
    () => true,
    () => false,
  )
}

export async function pinnedWorker(name: string, deps: OperationDeps): Promise<PlannedWorker | undefined> {
  return (await hasLockFile(deps.project)) ? (await deps.installer()).pinned(name) : undefined
}

/** Of the configuration file; where there is none, of what the engine runs. @throws W130 W131 */
export async function configuredEntries({ project, engine }: OperationDeps): Promise<readonly FileEntry[]> {
  return project.configFile === undefined ? entriesInForce(engine) : new ConfigFile(project.configFile).entries()
}

/** For listings: while somebody edits the file it may be broken, and the engine runs on with what it said before. */
export async function knownEntries(deps: OperationDeps): Promise<readonly FileEntry[]> {
  try {
    return await configuredEntries(deps)
  } catch (error) {
    if (deps.engine === undefined) throw error
    return entriesInForce(deps.engine)
  }
}

function entriesInForce(engine: EngineSide | undefined): readonly FileEntry[] {
  return (engine?.workers.list() ?? []).map(({ name, spec: { path } }) => {
    return { name, ...(path !== undefined && { worker_path: path }) }
  })
}

export async function entryOf(name: string, deps: OperationDeps): Promise<FileEntry | undefined> {
  const wanted = builtInWorker(name)?.name ?? name
  return (await knownEntries(deps)).find((entry) => canonicalName(entry.name) === wanted)
}
