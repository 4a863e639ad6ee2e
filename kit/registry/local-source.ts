// What a registry on this machine offers, whether it is a folder or the engine itself: workers, their versions, and what each version has.
import type { PublishedFunction, PublishedTrigger, Release, WorkerRow, WorkerSkills } from './shapes.ts'

export interface LocalSource {
  /** All workers, in any order. */
  all(): Promise<readonly LocalWorker[]>
  find(name: string): Promise<LocalWorker | undefined>
}

export interface LocalWorker {
  readonly name: string
  /** Part of the engine: nothing is installed, and any version that is asked of it is the one that runs. */
  readonly isEngine: boolean
  /** Other names of the same worker, and words by which it is found. */
  readonly aliases: readonly string[]
  readonly tags: readonly string[]
  /** At least one. */
  readonly versions: readonly string[]
  readonly latest: string
  /** @param version one of `versions` */
  read(version: string): Promise<LocalVersion>
}

export interface LocalVersion {
  readonly row: WorkerRow
  readonly functions: readonly PublishedFunction[]
  readonly triggers: readonly PublishedTrigger[]
  readme(): Promise<string | undefined>
  skills(): Promise<WorkerSkills>
  /** @throws RegistryError `invalid` where the registry does not say how it is installed */
  release(): Release
}
