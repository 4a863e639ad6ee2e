// Installs a worker of a registry with all that it depends on: what is missing is fetched, pinned in `iii.lock` and put into the
// configuration, dependencies first.
import { builtInWorker, canonicalName } from '../built-in-workers.ts'
import type { FileEntry } from '../config-file/config-file.ts'
import { WorkerOpError } from '../errors.ts'
import type { OperationEvents } from '../events.ts'
import type { PlannedWorker, WorkerInstaller } from '../installing.ts'
import type { ConfigChange } from './config-change.ts'
import type { OperationDeps } from './deps.ts'

/** Larger graphs are installed only by those who say that they mean it (spec 05 B.1). */
export const MAX_UNASKED = 32

export interface GraphOutcome {
  readonly name: string
  readonly version?: string
  readonly status: 'installed' | 'already_current' | 'repaired' | 'replaced'
}

export interface GraphRequest {
  readonly name: string
  readonly version: string | undefined
  readonly force: boolean
  readonly resetConfig: boolean
  readonly yes: boolean
}

interface Scene {
  readonly deps: OperationDeps
  readonly change: ConfigChange
  readonly events: OperationEvents
}

export async function installGraph(
  { name, version, force, resetConfig, yes }: GraphRequest,
  existing: FileEntry | undefined,
  { deps, change, events }: Scene,
): Promise<GraphOutcome> {
  const installer = await deps.installer()
  const { workers } = await installer.plan(name, version)
  const root = workers.at(-1)
  if (root === undefined) throw new WorkerOpError('W110', `There is no worker '${name}' in any registry.`, { name })
  if (workers.length > MAX_UNASKED && !yes)
    throw new WorkerOpError(
      'W104',
      `'${name}' brings ${workers.length - 1} other workers along. Say yes: true if that is meant.`,
      { op: 'add' },
    )
  const isNeeded = (worker: PlannedWorker): boolean => worker.state !== 'current' || (force && worker === root)
  await bringIn(workers, isNeeded, { deps, change, events })
  if (existing !== undefined && force && resetConfig)
    await change.step(change.file.replace(existing.name, entryOf(root)))
  else if (existing !== undefined && existing.worker_path !== root.folder)
    await change.step(change.file.setPath(existing.name, root.folder))
  const status = statusOf(root, existing !== undefined, force)
  return { name: root.name, ...(root.type !== 'engine' && { version: root.version }), status }
}

/** Fetches what is needed, pins all, and gives an entry to those that have none. */
export async function bringIn(
  workers: readonly PlannedWorker[],
  isNeeded: (worker: PlannedWorker) => boolean,
  { deps, change, events }: Scene,
): Promise<void> {
  const installer = await deps.installer()
  const fetched = workers.filter((worker) => worker.type !== 'engine' && isNeeded(worker))
  await fetchAll(fetched, installer, change, events)
  await change.step(installer.pin(workers))
  change.afterwards(() => installer.settle(workers))
  const names = new Set((await change.file.entries()).map((entry) => canonicalName(entry.name)))
  for (const worker of workers) {
    if (names.has(canonicalName(worker.name)) || builtInWorker(worker.name)?.mandatory === true) continue
    await change.step(change.file.append(entryOf(worker)))
  }
}

/** Of a folder that a registry names the path is written: nothing is pinned of it. */
function entryOf({ name, folder }: PlannedWorker): FileEntry {
  return folder === undefined ? { name } : { name, worker_path: folder }
}

async function fetchAll(
  workers: readonly PlannedWorker[],
  installer: WorkerInstaller,
  change: ConfigChange,
  events: OperationEvents,
): Promise<void> {
  if (workers.length === 0) return
  events.stage('downloading', { progress: 0 })
  for (const [index, worker] of workers.entries()) {
    await installer.fetch(worker, (bytes, total) => {
      if (total !== undefined && total > 0)
        events.stage('downloading', { progress: (index + Math.min(1, bytes / total)) / workers.length })
    })
    // What was pinned already may stay.
    if (worker.state !== 'missing') await change.step(Promise.resolve(() => installer.discard(worker)))
  }
  events.stage('downloaded')
}

function statusOf({ state }: PlannedWorker, hasEntry: boolean, force: boolean): GraphOutcome['status'] {
  if (!hasEntry || state === 'new') return 'installed'
  if (force || state === 'changed') return 'replaced'
  return state === 'missing' ? 'repaired' : 'already_current'
}
