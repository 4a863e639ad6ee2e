// A worker registry as a test wants it: folders of the test, a stub as the remote one, a clock that is set by hand.
import { join } from 'node:path'
import { WorkerRegistry, type RegistryError, type RegistrySettings } from '../../../kit/registry/worker-registry.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ENGINE_WORKER_TABLE } from '../../../plugins/engine-workers/table.ts'

export interface OpenedRegistry {
  readonly registry: WorkerRegistry
  /** Of the project. */
  readonly folder: string
  readonly warnings: string[]
  /** Milliseconds pass. */
  pass(ms: number): void
}

export function openRegistry(settings: Partial<RegistrySettings> = {}): OpenedRegistry {
  const projectRoot = tempFolder()
  const folder = join(projectRoot, '.iii', 'registry')
  const warnings: string[] = []
  let now = 0
  const registry = new WorkerRegistry(
    { projectRoot, folders: [folder], remote: undefined, timeoutMs: 5_000, cacheTtlMs: 60_000, ...settings },
    {
      log: { debug: () => {}, warn: (message) => void warnings.push(message) },
      engineWorkers: ENGINE_WORKER_TABLE,
      now: () => now,
    },
  )
  return { registry, folder, warnings, pass: (ms) => void (now += ms) }
}

export function failureOf(asked: Promise<unknown>): Promise<RegistryError> {
  return asked.then(
    (value) => {
      throw new Error(`there is a result: ${JSON.stringify(value)?.slice(0, 500)}`)
    },
    (error: RegistryError) => error,
  )
}
