// A registry in a folder with workers that a test publishes, as bundles or binaries.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rawTarGz, type RawEntry } from './raw-tar.ts'

export interface PublishedWorker {
  readonly name: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly config?: Readonly<Record<string, unknown>>
  readonly functions?: readonly string[]
  /** Of the manifest, beside its name. Default: a start command that does nothing. */
  readonly manifest?: string
  readonly files?: readonly RawEntry[]
  /** In place of an archive with manifest and files. */
  readonly archive?: Uint8Array
  /** In place of the right one. */
  readonly sha256?: string
  /** In place of the artifact of a bundle. */
  readonly artifact?: unknown
  readonly type?: string
}

export class RegistryFolder {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
  }

  /** Also in the place of what was published before. @returns the archive's path */
  publish(worker: PublishedWorker): string {
    const { name, version = '1.0.0', type = 'bundle', dependencies = {}, config = {} } = worker
    const folder = path.join(this.folder, name, version)
    mkdirSync(folder, { recursive: true })
    const archive = worker.archive ?? bundleOf(worker)
    const file = path.join(folder, 'bundle.tar.gz')
    writeFileSync(file, archive)
    const artifact = worker.artifact ?? {
      kind: 'bundle',
      path: 'bundle.tar.gz',
      sha256: worker.sha256 ?? sha256Of(archive),
    }
    const functions = (worker.functions ?? []).map((id) => ({ name: id, description: id }))
    const about = { name, description: `The worker ${name}.`, type, latest: version }
    writeFileSync(path.join(this.folder, name, 'worker.json'), JSON.stringify(about))
    writeFileSync(
      path.join(folder, 'version.json'),
      JSON.stringify({ version, dependencies, config, functions, artifact }),
    )
    return file
  }
}

export function bundleOf({ name, manifest = 'scripts: { start: "true" }', files = [] }: PublishedWorker): Buffer {
  return rawTarGz({ name: 'iii.worker.yaml', content: `name: ${name}\n${manifest}\n` }, ...files)
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
