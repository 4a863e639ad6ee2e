// A registry in a folder (spec 05 A.7.2): `<name>/worker.json`, `<name>/<version>/version.json`, and beside that README.md, skills and the
// archive. It is read anew with each question, so that what was just published is there.
import { isAbsolute, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isRecord } from '../../base/values/is-record.ts'
import type { LocalSource, LocalVersion, LocalWorker } from './local-source.ts'
import { RegistryError } from './registry-error.ts'
import { foldersIn, markdownBelow, mustBeFolder, MAX_FILE_BYTES, readJsonObject, readText } from './registry-files.ts'
import {
  checkedSha256,
  dependencyMap,
  publishedFunctions,
  publishedTriggers,
  workerRow,
  workerType,
  type Artifact,
  type Release,
  type WorkerRow,
} from './shapes.ts'
import { SharedScan } from './shared-scan.ts'
import { skillsOf } from './shipped-skills.ts'
import { highestVersion, loadSemver } from './versions.ts'
import { VERSION_NAME, WORKER_NAME } from './worker-name.ts'

/** Workers of one folder that are looked at; those beyond are not listed. */
export const MAX_FOLDER_WORKERS = 10_000
/** Files that are open at once while a folder is listed. */
const AT_ONCE = 16

export interface FolderRegistryDeps {
  readonly log: { warn(message: string): void }
  /** A folder that is not there is an error. Default: it is an empty registry. */
  readonly mustExist?: boolean
}

export class FolderRegistry implements LocalSource {
  readonly folder: string
  readonly #log: FolderRegistryDeps['log']
  readonly #mustExist: boolean
  readonly #scan = new SharedScan(() => this.#readAll())

  constructor(folder: string, { log, mustExist = false }: FolderRegistryDeps) {
    this.folder = folder
    this.#log = log
    this.#mustExist = mustExist
  }

  /** What can't be read is left out, with a warning. */
  all(): Promise<readonly LocalWorker[]> {
    return this.#scan.get()
  }

  async #readAll(): Promise<LocalWorker[]> {
    if (this.#mustExist) await mustBeFolder(this.folder)
    const names = (await foldersIn(this.folder)).filter((name) => WORKER_NAME.test(name)).slice(0, MAX_FOLDER_WORKERS)
    const workers: LocalWorker[] = []
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const read = names.slice(at, at + AT_ONCE).map((name) =>
        this.find(name).catch((error: Error) => {
          this.#log.warn(`the worker '${name}' of the registry ${this.folder} is left out: ${error.message}`)
          return undefined
        }),
      )
      for (const worker of await Promise.all(read)) if (worker !== undefined) workers.push(worker)
    }
    return workers
  }

  async find(name: string): Promise<LocalWorker | undefined> {
    if (!WORKER_NAME.test(name)) return undefined
    const folder = join(this.folder, name)
    const about = await readJsonObject(join(folder, 'worker.json'))
    if (about === undefined) {
      if (this.#mustExist) await mustBeFolder(this.folder)
      return undefined
    }
    const semver = await loadSemver()
    const names = await foldersIn(folder)
    const versions = names.filter((version) => VERSION_NAME.test(version) && semver.valid(version) !== null)
    const highest = highestVersion(semver, versions)
    if (highest === undefined) return undefined
    const said = about['latest']
    const latest = typeof said === 'string' && versions.includes(said) ? said : highest
    const tags = Array.isArray(about['tags']) ? about['tags'].filter((tag) => typeof tag === 'string') : []
    const known = new Map<string, Promise<LocalVersion>>()
    // Who shares a listing shares what is read of it.
    const read = (version: string): Promise<LocalVersion> => {
      const reading = known.get(version) ?? readVersion(join(folder, version), name, version, about)
      known.set(version, reading)
      return reading
    }
    return { name, isEngine: false, aliases: [], tags, versions, latest, read }
  }
}

async function readVersion(
  folder: string,
  name: string,
  version: string,
  about: Readonly<Record<string, unknown>>,
): Promise<LocalVersion> {
  const file = join(folder, 'version.json')
  const said = await readJsonObject(file)
  if (said === undefined)
    throw new RegistryError('invalid', `${file} is not there: version ${version} of "${name}" has not been published.`)
  const { artifact } = said
  // What kind it is, the version knows best: of a worker that became a binary later, older ones are bundles.
  const kind = isRecord(artifact) ? artifact['kind'] : undefined
  const type = workerType(kind === 'local' ? 'local' : (kind ?? about['type']))
  const row = workerRow({ ...about, ...said, name, version, type: kind ?? about['type'] ?? null }) as WorkerRow
  const functions = publishedFunctions(said['functions'])
  return {
    row,
    functions,
    triggers: publishedTriggers(said['triggers']),
    readme: () => readText(join(folder, 'README.md'), MAX_FILE_BYTES),
    skills: async () => skillsOf(name, version, await markdownBelow(join(folder, 'skills'))),
    release: (): Release => ({
      name,
      version,
      type,
      dependencies: dependencyMap(said['dependencies']),
      config: row.config,
      functions: functions.map((each) => each.name),
      artifact: artifactOf(artifact, folder, file),
    }),
  }
}

function artifactOf(artifact: unknown, folder: string, file: string): Artifact {
  if (!isRecord(artifact)) throw wrong(file, '`artifact` must be an object with a `kind`')
  const { kind } = artifact
  if (kind === 'engine') return { kind }
  if (kind === 'bundle')
    return {
      kind,
      url: urlOf(artifact, folder, file),
      sha256: checkedSha256(artifact['sha256'], `the bundle in ${file}`),
    }
  if (kind === 'local') {
    if (typeof artifact['path'] !== 'string') throw wrong(file, '`artifact.path` must be a text')
    return { kind, path: resolve(folder, artifact['path']) }
  }
  if (kind === 'image') {
    if (typeof artifact['image'] !== 'string') throw wrong(file, '`artifact.image` must be a text')
    return { kind, image: artifact['image'] }
  }
  if (kind === 'binary' && isRecord(artifact['targets'])) {
    const targets = Object.entries(artifact['targets']).map(([target, each]) => {
      if (!isRecord(each)) throw wrong(file, `\`artifact.targets.${target}\` must be an object`)
      const sha256 = checkedSha256(each['sha256'], `the binary for ${target} in ${file}`)
      return [target, { url: urlOf(each, folder, file), sha256 }] as const
    })
    return { kind, targets: Object.fromEntries(targets) }
  }
  throw wrong(file, `\`artifact.kind\` is ${JSON.stringify(kind)}: it may be bundle, binary, local, image or engine`)
}

/** An archive stands in the folder of its version, or has an address. */
function urlOf({ path, url }: Readonly<Record<string, unknown>>, folder: string, file: string): string {
  if (typeof url === 'string' && /^https?:\/\//.test(url)) return url
  if (typeof path !== 'string' || path === '') throw wrong(file, 'an artifact needs a `path`, or a `url` with http(s)')
  const absolute = resolve(folder, path)
  if (isAbsolute(path) || !absolute.startsWith(folder + sep))
    throw wrong(file, `the artifact ${JSON.stringify(path)} leaves the folder of its version`)
  return pathToFileURL(absolute).href
}

function wrong(file: string, problem: string): RegistryError {
  return new RegistryError('invalid', `${file}: ${problem}.`)
}
