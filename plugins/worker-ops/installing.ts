// What operations and supervisor need of whoever installs workers from registries: types alone, so that nothing of it is loaded
// before a worker is installed. `install/` implements it.
import type { PluginLog } from '../../sdk/plugin.ts'
import type { LockEntry } from './install/lock-entry.ts'
import type { Project } from './project.ts'

export type WorkerType = 'bundle' | 'binary' | 'local' | 'engine'

export interface InstalledWorker {
  readonly name: string
  readonly version: string | undefined
  readonly type: WorkerType
  /** Absolute. */
  readonly folder: string
  readonly command:
    | { readonly kind: 'shell'; readonly line: string }
    | { readonly kind: 'executable'; readonly file: string }
  /** Of the manifest. */
  readonly env: Readonly<Record<string, string>>
  /** What it is configured with where the entry says nothing else. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Ids of functions that it publishes; empty where none are known. */
  readonly functions?: readonly string[]
}

/** One worker of a resolved graph. */
export interface PlannedWorker {
  readonly name: string
  readonly version: string
  /** `local`: a folder of this machine that a registry names; it is not fetched and not pinned. */
  readonly type: WorkerType
  /** Absolute; of a `local` one alone. */
  readonly folder?: string
  /** What `iii.lock` says of it, or will say; undefined of a `local` one. */
  readonly pin: LockEntry | undefined
  /** What it is configured with where the entry says nothing else. */
  readonly config: Readonly<Record<string, unknown>>
  /** Ids of functions that it publishes; empty where none are known. */
  readonly functions: readonly string[]
  /** `current`: pinned and on disk. `missing`: pinned, not on disk. `changed`: another version is pinned. `new`: none is. */
  readonly state: 'new' | 'current' | 'missing' | 'changed'
  /** The version that is pinned now. */
  readonly from: string | undefined
}

export interface InstallPlan {
  /** Dependencies first, the one that was asked for last. */
  readonly workers: readonly PlannedWorker[]
}

/** Bytes so far, and in all where they are known. */
export type OnDownload = (bytes: number, total: number | undefined) => void

export interface WorkerInstaller {
  /** Resolves the graph. @throws W100 W110 W140 W183 W184 */
  plan(name: string, version?: string): Promise<InstallPlan>
  /**
   * Downloads, verifies and unpacks. What is there already in this version is replaced, and kept until `settle` or `discard`.
   * @throws W142 W180 W181
   */
  fetch(worker: PlannedWorker, onDownload?: OnDownload): Promise<InstalledWorker>
  /** What `iii.lock` pins and the disk has. */
  installed(name: string): Promise<InstalledWorker | undefined>
  /** What `iii.lock` pins, as `fetch` takes it. @throws W150 for a lock file that is broken */
  pinned(name: string): Promise<PlannedWorker | undefined>
  /** Writes these into `iii.lock`; what it resolves with takes that back. */
  pin(workers: readonly PlannedWorker[]): Promise<() => Promise<void>>
  /** As `pin`, the other way round. */
  unpin(names: readonly string[]): Promise<() => Promise<void>>
  /** Takes `fetch` back: deletes the artifacts of this version, and puts back what they had replaced. */
  discard(worker: PlannedWorker): Promise<void>
  /** After everything went well: deletes what `fetch` had replaced, and versions before the last one. */
  settle(workers: readonly PlannedWorker[]): Promise<void>
  /** Deletes all artifacts of these workers. @returns bytes that are free now */
  clear(names: readonly string[]): Promise<number>
  /** Names of all workers that have artifacts. */
  stored(): Promise<readonly string[]>
  /** Names of all workers that `iii.lock` pins. @throws W150 */
  pinnedNames(): Promise<readonly string[]>
  /** Ranges that `iii.lock` says the project wants. @throws W150 */
  declaredDependencies(): Promise<Readonly<Record<string, string>> | undefined>
  /** What of a pinned binary is not pinned for this system; undefined: nothing lacks. @throws W150 */
  lackingTarget(name: string): Promise<{ readonly target: string; readonly pinned: readonly string[] } | undefined>
  /** Removes what processes that are gone have left half-done, and versions of pinned workers that are not. */
  tidy(): Promise<void>
  /** Cancels what is under way, and ends its threads. */
  close(): Promise<void>
}

export interface InstallerDeps {
  readonly project: Project
  readonly log: PluginLog
  /** Settings of the registries, as `directory::registry::settings` answers them. */
  readonly registrySettings: () => Promise<unknown>
}
