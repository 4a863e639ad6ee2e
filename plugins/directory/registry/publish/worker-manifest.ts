// What publishing needs of `iii.worker.yaml` (spec 05 B.6), with everything wrong in it that would keep others from installing the bundle.
import { join } from 'node:path'
import { isRecord } from '../../../../base/values/is-record.ts'
import { Mistake } from '../../../../kit/commands/mistake.ts'
import { readText } from '../../../../kit/registry/registry-files.ts'
import { loadSemver } from '../../../../kit/registry/versions.ts'
import { WORKER_NAME } from '../../../../kit/registry/worker-name.ts'

export interface PublishedManifest {
  readonly name: string
  readonly version: string
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly repo: string | undefined
  readonly author: unknown
  readonly config: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
}

const FILE = 'iii.worker.yaml'
const MAX_BYTES = 64 * 1024

/** @param release the version that was said; else that of the manifest, then of `package.json` @throws Mistake */
export async function readWorkerManifest(folder: string, release: string | undefined): Promise<PublishedManifest> {
  const file = join(folder, FILE)
  const text = await readText(file, MAX_BYTES)
  if (text === undefined) throw new Mistake(`There is no ${file}`, 'Name the folder of a worker with a manifest.')
  const manifest = await parsed(text, file)
  const name = manifest['name']
  if (typeof name !== 'string' || !WORKER_NAME.test(name))
    throw new Mistake(
      `${file}: \`name\` is ${JSON.stringify(name)}`,
      'It must be made of letters, digits, ".", "_" and "-", and not begin with ".".',
    )
  mustBeInstallable(manifest, file)
  return {
    name,
    version: await versionOf(release ?? manifest['version'] ?? (await packageVersion(folder)), file),
    description: textOf(manifest['description']),
    tags: Array.isArray(manifest['tags']) ? manifest['tags'].filter((tag) => typeof tag === 'string') : [],
    repo: textOf(manifest['repo']),
    author: authorOf(manifest['author']),
    config: isRecord(manifest['config']) ? manifest['config'] : {},
    dependencies: await dependenciesOf(manifest['dependencies'], name, file),
  }
}

async function parsed(text: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import('yaml')
  let manifest: unknown
  try {
    manifest = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new Mistake(`${file} is no YAML: ${(error as Error).message}`, 'Correct it.')
  }
  if (!isRecord(manifest)) throw new Mistake(`${file} must hold members such as \`name: my-worker\``, 'Correct it.')
  return manifest
}

/** A bundle is started as it is: nothing of it runs at those who install it, and nothing is made of it there. */
function mustBeInstallable({ scripts, runtime }: Readonly<Record<string, unknown>>, file: string): void {
  const { start, install, setup } = isRecord(scripts) ? scripts : {}
  if (typeof start !== 'string' || start.trim() === '')
    throw new Mistake(
      `${file}: \`scripts.start\` is missing`,
      'Say how the worker is started: `start: node worker.mjs`.',
    )
  const forbidden = [
    ['scripts.install', install],
    ['scripts.setup', setup],
    ['runtime.base_image', isRecord(runtime) ? runtime['base_image'] : undefined],
  ].filter(([, value]) => value !== undefined && value !== null && value !== '')
  if (forbidden.length > 0)
    throw new Mistake(
      `${file}: a bundle must not have \`${forbidden[0]?.[0]}\``,
      'Nothing is installed where it is added: bundle what the worker needs into its files, and remove that line.',
    )
}

async function versionOf(said: unknown, file: string): Promise<string> {
  const { valid } = await loadSemver()
  const version = typeof said === 'string' ? valid(said) : null
  if (version !== null) return version
  throw new Mistake(
    said === undefined
      ? `${file} has no \`version\`, and neither has a package.json beside it`
      : `${JSON.stringify(said)} is no version`,
    'Write one such as `version: 1.2.0`, or give --release 1.2.0.',
  )
}

async function packageVersion(folder: string): Promise<unknown> {
  const text = await readText(join(folder, 'package.json'), 1024 * 1024)
  try {
    const manifest: unknown = JSON.parse(text ?? 'null')
    return isRecord(manifest) ? manifest['version'] : undefined
  } catch {
    return undefined
  }
}

async function dependenciesOf(value: unknown, name: string, file: string): Promise<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) throw new Mistake(`${file}: \`dependencies\` must be a map`, 'Write `other-worker: ^1.0.0`.')
  const { validRange } = await loadSemver()
  for (const [dependency, range] of Object.entries(value)) {
    if (dependency === name) throw new Mistake(`${file}: "${name}" depends on itself`, 'Remove that line.')
    if (!WORKER_NAME.test(dependency) || typeof range !== 'string' || validRange(range) === null)
      throw new Mistake(
        `${file}: the dependency ${JSON.stringify(dependency)}: ${JSON.stringify(range)} is none`,
        'Write a name and a range of versions, such as `other-worker: ^1.0.0`.',
      )
  }
  return value as Record<string, string>
}

function authorOf(value: unknown): unknown {
  if (typeof value === 'string' && value !== '') return { name: value }
  return isRecord(value) ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
