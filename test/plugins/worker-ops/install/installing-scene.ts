// An installer in a project of its own, without an engine, with a registry in a folder.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { registrySettings } from '../../../../kit/registry/worker-registry.ts'
import { Installer } from '../../../../plugins/worker-ops/install/installer.ts'
import { WorkerOpError } from '../../../../plugins/worker-ops/errors.ts'
import { projectAt, type Project } from '../../../../plugins/worker-ops/project.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { RegistryFolder } from '../../../support/worker-registry-folder.ts'

export interface InstallingScene {
  readonly project: Project
  readonly registry: RegistryFolder
  readonly installer: Installer
  /** Plans and fetches all that is not there, and pins it. */
  install(name: string, version?: string): Promise<void>
  /** What lies below the folder of workers, files and folders. */
  stored(): string[]
}

export function installingScene(
  settings: { registry_url?: string; download_timeout_ms?: number } = {},
): InstallingScene {
  const root = tempFolder()
  const project = projectAt(root, path.join(root, 'iii-config.yaml'))
  const registry = new RegistryFolder(path.join(root, '.iii', 'registry'))
  const installer = installerOf(project, settings)
  return {
    project,
    registry,
    installer,
    async install(name, version) {
      const { workers } = await installer.plan(name, version)
      for (const worker of workers)
        if (worker.state !== 'current' && worker.type !== 'engine') await installer.fetch(worker)
      await installer.pin(workers)
      await installer.settle(workers)
    },
    stored: () => storedIn(project.workersDir),
  }
}

export function installerOf(project: Project, settings = {}): Installer {
  const log = collectingLog()
  const at = { projectRoot: project.root, env: {} }
  const installer = new Installer({ project, log, registrySettings: async () => registrySettings(settings, at) })
  onTestFinished(() => installer.close())
  return installer
}

export function storedIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => !entry.isDirectory() || readdirSync(path.join(entry.parentPath, entry.name)).length === 0)
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}

/** Code, text and details of the error that an operation ends in. */
export async function failure(work: Promise<unknown>): Promise<Pick<WorkerOpError, 'code' | 'text' | 'details'>> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof WorkerOpError)) throw new Error('no error of an operation', { cause: error })
  const { code, text, details } = error
  return { code, text, details }
}
