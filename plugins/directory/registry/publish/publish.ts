// Puts a version of a worker into a registry folder (spec 05 A.7.2). What is there is either the whole version or nothing of it, and a
// version that has been published is not changed any more.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { writeWhole } from '../../../../base/files/atomic-file.ts'
import { Mistake } from '../../../../kit/commands/mistake.ts'
import { readJsonObject } from '../../../../kit/registry/registry-files.ts'
import { isIgnored } from './ignored.ts'
import { packFolder } from './pack.ts'
import { readWorkerManifest, type PublishedManifest } from './worker-manifest.ts'

export interface PublishOptions {
  /** Of the worker, absolute. */
  readonly folder: string
  /** Of the registry, absolute; it is made. */
  readonly registry: string
  /** Default: that of the manifest, then that of `package.json`. */
  readonly release: string | undefined
  /** From now on it is what `latest` means. Default: the highest version is, unless another was made it. */
  readonly latest: boolean
  /** What it provides, as an engine lists it. */
  readonly api: (name: string) => Promise<PublishedApi>
}

export interface PublishedApi {
  readonly functions: readonly unknown[]
  readonly triggers: readonly unknown[]
}

export interface Published {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly sha256: string
  readonly files: number
}

/** @throws Mistake */
export async function publish({ folder, registry, release, latest, api }: PublishOptions): Promise<Published> {
  const manifest = await readWorkerManifest(folder, release)
  const { name, version } = manifest
  const home = join(registry, name)
  const place = join(home, version)
  await mustBeNew(place, manifest)
  const { functions, triggers } = await api(name)
  const bundle = await packFolder(folder, new Set([registry]))
  await mkdir(home, { recursive: true })
  // A name that no version has, so that nobody takes it for one.
  const draft = join(home, `.${version}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await mkdir(draft)
    await writeWhole(join(draft, 'bundle.tar.gz'), bundle.archive, { durable: true })
    await writeWhole(
      join(draft, 'version.json'),
      json({
        version,
        config: manifest.config,
        dependencies: manifest.dependencies,
        supported_targets: [],
        functions,
        triggers,
        artifact: { kind: 'bundle', path: 'bundle.tar.gz', sha256: bundle.sha256 },
      }),
      { durable: true },
    )
    await copyTexts(folder, draft)
    await rename(draft, place).catch(async (error: Error) => {
      await mustBeNew(place, manifest)
      throw error
    })
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  await writeWorker(home, manifest, latest)
  return { name, version, folder: place, sha256: bundle.sha256, files: bundle.files }
}

async function mustBeNew(place: string, { name, version }: PublishedManifest): Promise<void> {
  const stats = await stat(place).catch(() => undefined)
  if (stats === undefined) return
  throw new Mistake(
    `"${name}" ${version} has been published already, in ${dirname(place)}`,
    'A version does not change: raise `version` in iii.worker.yaml.',
  )
}

async function copyTexts(folder: string, draft: string): Promise<void> {
  for (const name of ['README.md', 'skills']) {
    const from = join(folder, name)
    const stats = await stat(from).catch(() => undefined)
    if (stats === undefined) continue
    const filter = (path: string): boolean => !relative(from, path).split(/[\\/]/).some(isIgnored)
    await cp(from, join(draft, name), { recursive: true, filter })
  }
}

/** What was written there by hand stays. */
async function writeWorker(home: string, manifest: PublishedManifest, latest: boolean): Promise<void> {
  const file = join(home, 'worker.json')
  const before = (await readJsonObject(file)) ?? {}
  const { name, version, description, tags, repo, author } = manifest
  const after = {
    ...before,
    name,
    type: 'bundle',
    ...(description !== undefined && { description }),
    ...(tags.length > 0 && { tags }),
    ...(repo !== undefined && { repo }),
    ...(author !== undefined && { author }),
    ...(latest && { latest: version }),
  }
  await writeWhole(file, json(after), { durable: true })
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
